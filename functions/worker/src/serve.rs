//! A Lambda function that does one job.

use std::sync::Arc;

use aws_config::BehaviorVersion;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing::init_default_subscriber};
use ledger::Store;
use registry::{IotClient, Pace, Registry};
use telemetry::Telemetry;

use crate::{Event, Job, Worker};

/// Reads the settings, builds the clients, and carries out units until the process ends.
pub async fn serve(job: Job) -> Result<(), Error> {
    init_default_subscriber();
    let (worker, _) = build(job).await?;
    let worker = &worker;
    run(service_fn(async |event: LambdaEvent<Event>| {
        Box::pin(worker.handle(event.payload, event.context.deadline())).await
    }))
    .await
}

/// The worker that the settings describe, and the runs that it works on.
pub async fn build(job: Job) -> Result<(Worker, Store), Error> {
    let bucket = std::env::var("THINGPRESS_RUNS_BUCKET")?;
    let telemetry = Telemetry::new(std::env::var("THINGPRESS_STACK")?);
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let store = Store::new(aws_sdk_s3::Client::new(&aws), bucket);
    let pace = Arc::new(Pace::default());
    let registry = Registry::new(IotClient::new(&aws), pace.clone());
    Ok((Worker::new(job, store.clone(), registry, pace, telemetry), store))
}
