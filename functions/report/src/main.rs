//! Lambda entry point. Wiring only: read settings, build clients, run the handler.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use ledger::Store;
use report::{FailuresQueue, Reporter};
use runtime::Aws;
use telemetry::Telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::log::init();
    let bucket = std::env::var("THINGPRESS_RUNS_BUCKET")?;
    let queue = std::env::var("THINGPRESS_FAILURES_QUEUE")?;
    let telemetry = Telemetry::new(std::env::var("THINGPRESS_STACK")?);
    let aws = Aws::from_environment()?;
    // The queue is asked for only where devices failed.
    let opening = aws_sdk_s3::Client::new(aws.opening());
    runtime::open(opening.get_object().bucket(&bucket).key("-").send()).await;
    let store = Store::new(aws_sdk_s3::Client::new(aws.config()), bucket);
    let queue = FailuresQueue::new(aws_sdk_sqs::Client::new(aws.config()), queue);
    let reporter = &Reporter::new(store, queue, telemetry);
    run(service_fn(async |event: LambdaEvent<report::Event>| {
        Box::pin(reporter.handle(event.payload)).await
    }))
    .await
}
