//! A Lambda function that does one job.

use std::sync::Arc;

use futures::future::join;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use ledger::Store;
use registry::{IotClient, Pace, Registry};
use runtime::Aws;
use telemetry::Telemetry;

use crate::{Event, Job, Worker};

/// Reads the settings, builds the clients, and carries out units until the process ends.
pub async fn serve(job: Job) -> Result<(), Error> {
    runtime::log::init();
    let (worker, _) = build(job).await?;
    let worker = &worker;
    run(service_fn(async |event: LambdaEvent<Event>| {
        Box::pin(worker.handle(event.payload, event.context.deadline())).await
    }))
    .await
}

/// The worker that the settings describe, and the runs that it works on. Its connections are open.
pub async fn build(job: Job) -> Result<(Worker, Store), Error> {
    let bucket = std::env::var("THINGPRESS_RUNS_BUCKET")?;
    let telemetry = Telemetry::new(std::env::var("THINGPRESS_STACK")?);
    let aws = Aws::from_environment()?;
    open(&aws, &bucket).await;
    let store = Store::new(aws_sdk_s3::Client::new(aws.config()), bucket);
    let pace = Arc::new(Pace::default());
    let registry = Registry::new(IotClient::new(aws.config()), pace.clone());
    Ok((Worker::new(job, store.clone(), registry, pace, telemetry), store))
}

async fn open(aws: &Aws, bucket: &str) {
    let s3 = aws_sdk_s3::Client::new(aws.opening());
    let iot = IotClient::new(aws.opening());
    runtime::open(join(
        s3.get_object().bucket(bucket).key("-").send(),
        iot.describe_thing().thing_name("-").send(),
    ))
    .await;
}
