//! Functions.

use serde_json::{Map, Value, json};

use super::bucket::Bucket;
use super::log_group;
use super::role::{Grant, Role, RoleProps};
use crate::config::{Architecture, Config};
use crate::intrinsics::{arn, attribute, reference, sub};
use crate::template::{Resource, Template};
use crate::values::with;

/// AWS Lambda's limits.
const MEMORY_MB: std::ops::RangeInclusive<u32> = 128..=10_240;
const STORAGE_MB: std::ops::RangeInclusive<u32> = 512..=10_240;
const TIMEOUT_SECONDS: std::ops::RangeInclusive<u32> = 1..=900;

const NONE_RESERVED: &str = "MaxConcurrency of the machines bounds how many run at once; reserving would take from \
                             the account's other functions, so it is an option.";

/// Why checkov's checks of functions are answered in another way.
const NO_DEAD_LETTERS: &str = "A dead-letter queue serves asynchronous invocations. Step Functions \
                               invokes this function synchronously, tries again, and reports.";
const NO_VPC: &str = "It calls public endpoints of AWS and nothing in a VPC, where it would need a \
                      NAT gateway and reach no more.";
const NO_SECRETS: &str = "The variables are names of the stack's own resources, no secrets; AWS \
                          Lambda encrypts them with a key of its own.";

/// What to make a function from.
#[derive(Debug)]
pub(crate) struct FunctionProps<'a> {
    /// What stands behind the stack in the name, such as `decode`.
    pub(crate) name: &'a str,
    /// The parameter that holds the key of the function's zip.
    pub(crate) code_key: &'a str,
    /// Memory, with which the share of processor time grows.
    pub(crate) memory_mb: u32,
    /// Room for files of its own while it runs; AWS Lambda's 512 MB where none is asked for.
    pub(crate) storage_mb: Option<u32>,
    /// Time after which the function is ended.
    pub(crate) timeout_seconds: u32,
    /// Where the files of the runs are.
    pub(crate) runs: &'a Bucket,
    /// What the function is told besides, by the name of the variable.
    pub(crate) environment: &'a [(&'a str, Value)],
    /// What the function may do besides writing its log.
    pub(crate) grants: Vec<Grant>,
}

/// A function with its own role and its own log group.
#[derive(Debug)]
pub(crate) struct Function {
    id: String,
}

impl Function {
    /// Adds a function called `<id>Function`, its role and its log group.
    pub(crate) fn new(
        template: &mut Template,
        id: &str,
        config: &Config,
        props: FunctionProps<'_>,
    ) -> Self {
        let FunctionProps {
            name: short_name,
            code_key,
            memory_mb,
            storage_mb,
            timeout_seconds,
            runs,
            environment,
            mut grants,
        } = props;
        let name = format!("{}-{short_name}", config.stack);
        let function = Self { id: format!("{id}Function") };
        if !MEMORY_MB.contains(&memory_mb) {
            template.violation(
                &function.id,
                format!("memory must be 128 to 10240 MB, got {memory_mb}"),
            );
        }
        if let Some(storage_mb) = storage_mb.filter(|storage_mb| !STORAGE_MB.contains(storage_mb)) {
            template.violation(
                &function.id,
                format!("ephemeral storage must be 512 to 10240 MB, got {storage_mb}"),
            );
        }
        if !TIMEOUT_SECONDS.contains(&timeout_seconds) {
            template.violation(
                &function.id,
                format!("timeout must be 1 to 900 seconds, got {timeout_seconds}"),
            );
        }
        let logs = format!("{id}Logs");
        let log_group = format!("/aws/lambda/{name}");
        log_group::add(template, &logs, &log_group, config.log.retention_days);
        grants.push(Grant::allow(
            "WriteOwnLog",
            &["logs:CreateLogStream", "logs:PutLogEvents"],
            vec![arn("logs", &format!("log-group:{log_group}:*"))],
        ));
        let role = Role::new(
            template,
            &format!("{id}Role"),
            config,
            RoleProps {
                name: name.clone(),
                service: "lambda.amazonaws.com",
                condition: None,
                grants,
            },
        );
        let variables: Map<String, Value> =
            [("THINGPRESS_RUNS_BUCKET", runs.name()), ("THINGPRESS_STACK", json!(config.stack))]
                .into_iter()
                .chain(environment.iter().cloned())
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
        let architecture: Architecture = config.architecture;
        let mut properties = json!({
            "FunctionName": name,
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Architectures": [architecture.name()],
            "Code": { "S3Bucket": reference("AssetsBucket"), "S3Key": reference(code_key) },
            "MemorySize": memory_mb,
            "Timeout": timeout_seconds,
            "Role": role.arn(),
            "Environment": { "Variables": variables },
            // The reference makes the group come first: a function that logged before would
            // make its own, which never expires.
            "LoggingConfig": {
                "LogGroup": reference(&logs),
                "LogFormat": "JSON",
                "ApplicationLogLevel": "INFO",
                "SystemLogLevel": "INFO",
            },
        });
        if let Some(executions) = config.reserved_concurrency.get(short_name) {
            properties = with(properties, "ReservedConcurrentExecutions", json!(executions));
        }
        if let Some(storage_mb) = storage_mb {
            properties = with(properties, "EphemeralStorage", json!({ "Size": storage_mb }));
        }
        let mut resource = Resource::new("AWS::Lambda::Function", properties)
            .skip_check("CKV_AWS_116", NO_DEAD_LETTERS)
            .skip_check("CKV_AWS_117", NO_VPC)
            .skip_check("CKV_AWS_173", NO_SECRETS);
        if !config.reserved_concurrency.contains_key(short_name) {
            resource = resource.skip_check("CKV_AWS_115", NONE_RESERVED);
        }
        template.add(&function.id, resource);
        function
    }

    /// The function's name.
    pub(crate) fn name(&self) -> Value {
        reference(&self.id)
    }

    /// The function's name, in a text that CloudFormation fills in.
    pub(crate) fn placeholder(&self) -> String {
        format!("${{{}}}", self.id)
    }

    /// The function's figures and log in the console, behind its host.
    pub(crate) fn page(&self) -> String {
        let Self { id } = self;
        format!("/lambda/home?region=${{AWS::Region}}#/functions/${{{id}}}?tab=monitoring")
    }

    /// The function's ARN.
    pub(crate) fn arn(&self) -> Value {
        attribute(&self.id, "Arn")
    }

    /// The function and its versions and aliases, which Step Functions may resolve the name to.
    pub(crate) fn invocable(&self) -> Vec<Value> {
        vec![self.arn(), sub(format!("${{{}.Arn}}:*", self.id))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constructs::bucket::{BucketProps, Purpose};

    /// What is wrong with a function of these figures.
    #[track_caller]
    fn check(
        memory_mb: u32,
        storage_mb: Option<u32>,
        timeout_seconds: u32,
        expected: Result<(), &[&str]>,
    ) {
        let config =
            Config::parse("stack = \"acme\"\n[profile.default]\n").expect("a configuration");
        let mut template = Template::default();
        template.parameter("AssetsBucket", "a test");
        template.parameter("Key", "a test");
        template.switch(crate::REQUIRE_TLS, "a test");
        let runs = BucketProps { name: "runs", purpose: Purpose::Runs, key: None };
        let runs = Bucket::new(&mut template, "RunsBucket", &config, runs);
        let props = FunctionProps {
            name: "test",
            code_key: "Key",
            memory_mb,
            storage_mb,
            timeout_seconds,
            runs: &runs,
            environment: &[],
            grants: Vec::new(),
        };
        Function::new(&mut template, "Test", &config, props);
        let finished = template
            .finish("a test")
            .map(drop)
            .map_err(|violations| violations.iter().map(ToString::to_string).collect::<Vec<_>>());
        let expected = expected
            .map_err(|messages| messages.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(finished, expected);
    }

    #[test]
    fn figures_keep_to_what_aws_lambda_offers() {
        check(128, None, 1, Ok(()));
        check(128, Some(512), 1, Ok(()));
        check(10_240, Some(10_240), 900, Ok(()));
        check(
            127,
            Some(511),
            0,
            Err(&[
                "`TestFunction`: memory must be 128 to 10240 MB, got 127",
                "`TestFunction`: ephemeral storage must be 512 to 10240 MB, got 511",
                "`TestFunction`: timeout must be 1 to 900 seconds, got 0",
            ]),
        );
        check(
            128,
            Some(10_241),
            1,
            Err(&["`TestFunction`: ephemeral storage must be 512 to 10240 MB, got 10241"]),
        );
    }
}
