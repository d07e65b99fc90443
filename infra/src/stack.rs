//! The deployment, as a table of contents.

mod alarms;
mod arrivals;
mod buckets;
mod channels;
mod dashboard;
mod definitions;
mod functions;
mod machines;
mod outputs;
mod people;
mod rules;

use crate::config::{Config, Encryption};
use crate::constructs::console;
use crate::constructs::key::Key;
use crate::constructs::require_tls;
use crate::template::{Template, Violation};

pub use arrivals::{BUCKETS, RUNS_OUTPUT, VENDORS, bucket_output};

/// The parameters that every deployment fills in: where the functions' zips are. [`REQUIRE_TLS`](crate::REQUIRE_TLS)
/// comes besides.
pub const PARAMETERS: [&str; 8] = [
    "AssetsBucket",
    "PreflightKey",
    "DecodeKey",
    "RegisterKey",
    "ActivateKey",
    "PlanKey",
    "UndoKey",
    "ReportKey",
];

const DESCRIPTION: &str =
    "Thingpress: imports the certificate manifests of secure-element vendors into AWS IoT Core";

/// The CloudFormation template of a configuration: the same bytes for the same configuration.
pub fn synthesize(config: &Config) -> Result<String, Vec<Violation>> {
    let mut template = Template::default();
    for problem in config.problems() {
        template.violation("configuration", problem.message);
    }
    parameters(&mut template);
    console::mapping(&mut template);
    let key = match config.encryption {
        Encryption::S3 => Key::new(&mut template, "Key", &config.stack),
        Encryption::Kms => Key::of_files(&mut template, "Key", &config.stack),
    };
    let buckets = buckets::buckets(&mut template, config, &key);
    let channels = channels::channels(&mut template, config, &key);
    let functions = functions::functions(&mut template, config, &buckets, &channels);
    let machines = machines::machines(&mut template, config, &buckets, &channels, &functions);
    rules::rules(&mut template, config, &channels, &machines);
    let alarms = alarms::alarms(&mut template, config, &channels, &functions, &machines);
    dashboard::dashboard(&mut template, config, &channels, &functions, &machines, &alarms);
    people::policies(&mut template, config, &buckets, &channels, &machines);
    outputs::outputs(&mut template, config, &buckets, &channels, &machines);
    template.finish(DESCRIPTION)
}

fn parameters(template: &mut Template) {
    let [assets, keys @ ..] = PARAMETERS;
    template.parameter(assets, "Bucket that holds the functions' zips");
    for key in keys {
        template.parameter(key, "Key of the function's zip in the assets bucket");
    }
    require_tls(template);
}

#[cfg(test)]
mod tests;
