//! What Step Functions calls an execution, where its console shows it, and how it writes times.

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

/// The console of each partition.
const CONSOLES: [(&str, &str); 3] = [
    ("aws", "console.aws.amazon.com"),
    ("aws-cn", "console.amazonaws.cn"),
    ("aws-us-gov", "console.amazonaws-us-gov.com"),
];

/// The console's page of an execution; none in a partition whose console is not known.
pub(crate) fn link(execution: &str) -> Option<String> {
    let mut parts = execution.split(':');
    let (partition, region) = (parts.nth(1)?, parts.nth(1)?);
    let (_, console) = CONSOLES.iter().find(|(known, _)| *known == partition)?;
    Some(format!(
        "https://{region}.{console}/states/home?region={region}#/v2/executions/details/{execution}"
    ))
}

/// ARN of the execution of a machine in the account and Region of another ARN.
pub(crate) fn execution(beside: &str, machine: &str, run: &str) -> Option<String> {
    let (at, _) = beside.match_indices(':').nth(4)?;
    Some(format!("{}:execution:{machine}:{run}", beside.get(..at)?))
}

/// Seconds of the Unix epoch of a time as Step Functions writes it; none where it is no time.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    DateTime::from_str(text, DateTimeFormat::DateTimeWithOffset).ok().map(|time| time.as_secs_f64())
}

/// The time as people and programs read it, to the second.
pub(crate) fn time(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds).unwrap_or_default().as_secs();
    let time = DateTime::from(UNIX_EPOCH + Duration::from_secs(whole));
    time.fmt(DateTimeFormat::DateTime).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(execution: &str, expected: Option<&str>) {
        assert_eq!(link(execution).as_deref(), expected);
    }

    #[test]
    fn each_partition_has_its_console() {
        let page = "/states/home?region=";
        let arn = "arn:aws:states:eu-central-1:123456789012:execution:acme-import:r-1";
        let host = "https://eu-central-1.console.aws.amazon.com";
        let expected = format!("{host}{page}eu-central-1#/v2/executions/details/{arn}");
        check(arn, Some(&expected));
        let arn = "arn:aws-cn:states:cn-north-1:123456789012:execution:acme-import:r-1";
        let host = "https://cn-north-1.console.amazonaws.cn";
        let expected = format!("{host}{page}cn-north-1#/v2/executions/details/{arn}");
        check(arn, Some(&expected));
        let arn = "arn:aws-us-gov:states:us-gov-west-1:123456789012:execution:acme-import:r-1";
        let host = "https://us-gov-west-1.console.amazonaws-us-gov.com";
        let expected = format!("{host}{page}us-gov-west-1#/v2/executions/details/{arn}");
        check(arn, Some(&expected));
        check("arn:aws-iso:states:us-iso-east-1:123456789012:execution:acme-import:r-1", None);
        check("r-1", None);
    }

    #[test]
    fn the_run_of_another_machine_is_in_the_same_account() {
        // An Express execution has one part more.
        let watch = "arn:aws:states:us-east-1:123456789012:express:acme-watch:w-1:5f2a";
        assert_eq!(
            execution(watch, "acme-import", "r-1").as_deref(),
            Some("arn:aws:states:us-east-1:123456789012:execution:acme-import:r-1")
        );
        assert_eq!(execution("w-1", "acme-import", "r-1"), None);
    }

    #[test]
    fn times_are_read_as_step_functions_writes_them() {
        assert_eq!(seconds("2026-11-22T09:30:00.250Z"), Some(1_795_339_800.25));
        assert_eq!(seconds("2026-11-22T09:30:00+00:00"), Some(1_795_339_800.0));
        assert_eq!(seconds(""), None);
        assert_eq!(time(1_795_339_800.9), "2026-11-22T09:30:00Z");
    }
}
