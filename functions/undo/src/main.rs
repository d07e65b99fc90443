//! Lambda entry point. Wiring only: read settings, build clients, run the handler.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use worker::Job;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    runtime::log::init();
    let (worker, store) = &worker::build(Job::Undo).await?;
    run(service_fn(async |event: LambdaEvent<undo::Event>| {
        let deadline = event.context.deadline();
        Box::pin(undo::handle(store, worker, event.payload, deadline)).await
    }))
    .await
}
