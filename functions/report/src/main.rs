//! Lambda entry point. Wiring only: read settings, build clients, run the handler.

use aws_config::BehaviorVersion;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing::init_default_subscriber};
use ledger::Store;
use report::{FailuresQueue, Reporter};
use telemetry::Telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_default_subscriber();
    let bucket = std::env::var("THINGPRESS_RUNS_BUCKET")?;
    let queue = std::env::var("THINGPRESS_FAILURES_QUEUE")?;
    let telemetry = Telemetry::new(std::env::var("THINGPRESS_STACK")?);
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let store = Store::new(aws_sdk_s3::Client::new(&aws), bucket);
    let queue = FailuresQueue::new(aws_sdk_sqs::Client::new(&aws), queue);
    let reporter = &Reporter::new(store, queue, telemetry);
    run(service_fn(async |event: LambdaEvent<report::Event>| {
        Box::pin(reporter.handle(event.payload)).await
    }))
    .await
}
