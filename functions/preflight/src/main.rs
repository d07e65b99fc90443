//! Lambda entry point. Wiring only: read settings, build clients, run the handler.

use std::sync::Arc;

use futures::future::join;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use ledger::Store;
use registry::{IotClient, Pace, Registry};
use runtime::Aws;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::log::init();
    let bucket = std::env::var("THINGPRESS_RUNS_BUCKET")?;
    let aws = Aws::from_environment()?;
    open(&aws, &bucket).await;
    let store = Store::new(aws_sdk_s3::Client::new(aws.config()), bucket);
    let registry = Registry::new(IotClient::new(aws.config()), Arc::new(Pace::default()));
    let (store, registry) = (&store, &registry);
    run(service_fn(async |event: LambdaEvent<preflight::Event>| {
        preflight::handle(store, registry, event.payload).await
    }))
    .await
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
