//! Settings of one AWS service, such as `AWS_ENDPOINT_URL_S3`.

use std::env;

use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// The function's environment.
#[derive(Debug)]
pub(crate) struct Environment;

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        env::var(variable(key.env(), key.service_id())).ok()
    }
}

/// As the SDKs' reference guide forms it.
fn variable(setting: &str, service_id: &str) -> String {
    format!("{setting}_{}", service_id.to_uppercase().replace(' ', "_"))
}

#[cfg(test)]
mod tests {
    use super::variable;

    #[test]
    fn a_variable_is_named_after_setting_and_service() {
        assert_eq!(variable("AWS_ENDPOINT_URL", "S3"), "AWS_ENDPOINT_URL_S3");
        assert_eq!(variable("AWS_ENDPOINT_URL", "IoT Wireless"), "AWS_ENDPOINT_URL_IOT_WIRELESS");
    }
}
