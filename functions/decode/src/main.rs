//! Lambda entry point. Wiring only: read settings, build clients, run the handler.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use ledger::Store;
use runtime::Aws;
use telemetry::Telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::log::init();
    let bucket = std::env::var("THINGPRESS_RUNS_BUCKET")?;
    let aws = Aws::from_environment()?;
    let opening = aws_sdk_s3::Client::new(aws.opening());
    runtime::open(opening.get_object().bucket(&bucket).key("-").send()).await;
    let s3 = aws_sdk_s3::Client::new(aws.config());
    let store = Store::new(s3.clone(), bucket);
    let telemetry = Telemetry::new(std::env::var("THINGPRESS_STACK")?);
    let (store, s3, telemetry) = (&store, &s3, &telemetry);
    run(service_fn(async |event: LambdaEvent<decode::Event>| {
        Box::pin(decode::handle(store, s3, telemetry, event.payload, event.context.deadline()))
            .await
    }))
    .await
}
