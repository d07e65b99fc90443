//! Addresses of the AWS console, in each of AWS's partitions.

use std::collections::BTreeMap;

use crate::aws::Account;

/// The console of one account and Region.
#[derive(Debug)]
pub(crate) struct Console<'a> {
    account: &'a Account,
}

impl<'a> Console<'a> {
    pub(crate) const fn of(account: &'a Account) -> Self {
        Self { account }
    }

    /// The pages of a stack's outputs by the outputs' names, and the stack's own under `Stack`.
    pub(crate) fn links(
        &self,
        stack: &str,
        outputs: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let mut links: BTreeMap<String, String> = outputs
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), self.link(name, value)?)))
            .collect();
        let region = &self.account.region;
        links.insert(
            "Stack".to_owned(),
            self.page(&format!(
                "cloudformation/home?region={region}#/stacks?filteringText={stack}"
            )),
        );
        links
    }

    fn link(&self, name: &str, value: &str) -> Option<String> {
        let region = &self.account.region;
        let path = if name.ends_with("BucketName") {
            format!("s3/buckets/{value}?region={region}")
        } else if name.ends_with("MachineArn") {
            format!("states/home?region={region}#/statemachines/view/{}", encoded(value))
        } else if name.ends_with("QueueUrl") {
            format!("sqs/v3/home?region={region}#/queues/{}", encoded(value))
        } else if name.ends_with("TopicArn") {
            format!("sns/v3/home?region={region}#/topic/{value}")
        } else if name == "DashboardName" {
            format!("cloudwatch/home?region={region}#dashboards/dashboard/{value}")
        } else {
            return None;
        };
        Some(self.page(&path))
    }

    fn page(&self, path: &str) -> String {
        let region = &self.account.region;
        match self.account.partition.as_str() {
            "aws-cn" => format!("https://{region}.console.amazonaws.cn/{path}"),
            "aws-us-gov" => format!("https://console.amazonaws-us-gov.com/{path}"),
            _ => format!("https://{region}.console.aws.amazon.com/{path}"),
        }
    }
}

/// For a part of an address that must hold no slash of its own.
fn encoded(text: &str) -> String {
    text.replace('%', "%25").replace('/', "%2F").replace(':', "%3A")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Console;
    use crate::aws::Account;

    #[track_caller]
    fn check(partition: &str, region: &str, name: &str, value: &str, expected: &str) {
        let account = Account {
            id: "123456789012".into(),
            region: region.into(),
            partition: partition.into(),
            identity: String::new(),
        };
        let outputs = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let links = Console::of(&account).links("acme", &outputs);
        assert_eq!(links.get(name).map(String::as_str), Some(expected));
        assert!(links.contains_key("Stack"));
    }

    #[test]
    fn each_partition_has_its_own_console() {
        check(
            "aws",
            "eu-central-1",
            "RunsBucketName",
            "acme-runs",
            "https://eu-central-1.console.aws.amazon.com/s3/buckets/acme-runs?region=eu-central-1",
        );
        check(
            "aws-cn",
            "cn-north-1",
            "DashboardName",
            "acme",
            "https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1#dashboards/dashboard/acme",
        );
        check(
            "aws-us-gov",
            "us-gov-west-1",
            "UndeliveredQueueUrl",
            "https://sqs/1/q",
            "https://console.amazonaws-us-gov.com/sqs/v3/home?region=us-gov-west-1#/queues/https%3A%2F%2Fsqs%2F1%2Fq",
        );
    }
}
