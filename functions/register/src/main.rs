//! Lambda entry point. Wiring only: read settings, build clients, run the handler.

use std::sync::Arc;

use aws_config::BehaviorVersion;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing::init_default_subscriber};
use ledger::Store;
use register::Worker;
use registry::{IotClient, Pace, Registry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_default_subscriber();
    let bucket = std::env::var("THINGPRESS_RUNS_BUCKET")?;
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let store = Store::new(aws_sdk_s3::Client::new(&aws), bucket);
    let pace = Arc::new(Pace::default());
    let worker = &Worker::new(store, Registry::new(IotClient::new(&aws), pace.clone()), pace);
    run(service_fn(async |event: LambdaEvent<register::Event>| {
        worker.handle(event.payload, event.context.deadline()).await
    }))
    .await
}
