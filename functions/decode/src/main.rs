//! Lambda entry point. Wiring only: read settings, build clients, run the handler.

use aws_config::BehaviorVersion;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing::init_default_subscriber};
use ledger::Store;
use telemetry::Telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_default_subscriber();
    let bucket = std::env::var("THINGPRESS_RUNS_BUCKET")?;
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let s3 = aws_sdk_s3::Client::new(&aws);
    let store = Store::new(s3.clone(), bucket);
    let telemetry = Telemetry::new(std::env::var("THINGPRESS_STACK")?);
    let (store, s3, telemetry) = (&store, &s3, &telemetry);
    run(service_fn(async |event: LambdaEvent<decode::Event>| {
        Box::pin(decode::handle(store, s3, telemetry, event.payload)).await
    }))
    .await
}
