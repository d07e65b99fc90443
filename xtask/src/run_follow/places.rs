//! Where a deployed stack has its buckets and machines, as its outputs say.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_sdk_cloudformation::types::{Output, Stack};
use manifest::Bucket;

use crate::{
    advice::{Advise, with_hint},
    aws::failure,
};

/// The outputs of a stack.
///
/// They are asked for because nothing else tells how its buckets are named.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    stack: String,
    outputs: BTreeMap<String, String>,
}

impl Places {
    pub(crate) async fn of(aws: &SdkConfig, stack: &str) -> Result<Self> {
        let hint = || {
            format!(
                "is the stack `{stack}` deployed there? cargo xtask deploy --stack NAME; people need a policy such as `{stack}-upload`"
            )
        };
        let found = aws_sdk_cloudformation::Client::new(aws)
            .describe_stacks()
            .stack_name(stack)
            .send()
            .await
            .map_err(failure)
            .with_context(|| format!("failed to look at the stack {stack}"))
            .advise(hint)?;
        let outputs = found.stacks().iter().flat_map(Stack::outputs);
        let entry = |output: &Output| {
            Some((output.output_key()?.to_owned(), output.output_value()?.to_owned()))
        };
        Ok(Self { stack: stack.to_owned(), outputs: outputs.filter_map(entry).collect() })
    }

    /// The bucket that such files arrive in.
    pub(crate) fn arrivals(&self, bucket: Bucket) -> Result<&str> {
        let output = infra::bucket_output(bucket.name())
            .with_context(|| format!("no bucket is for {bucket}"))?;
        self.output(&output)
    }

    /// The bucket of the runs' files.
    pub(crate) fn runs(&self) -> Result<&str> {
        self.output(infra::RUNS_OUTPUT)
    }

    /// The machine whose run such a file starts.
    pub(crate) fn machine(&self, bucket: Bucket) -> Result<&str> {
        self.output(if bucket == Bucket::Mes { "ActivateMachineArn" } else { "ImportMachineArn" })
    }

    /// An output of the stack.
    pub(crate) fn output(&self, name: &str) -> Result<&str> {
        self.outputs.get(name).map(String::as_str).ok_or_else(|| {
            with_hint(
                format!("the stack {} has no output {name}", self.stack),
                "deploy it again: cargo xtask deploy --stack NAME",
            )
        })
    }
}
