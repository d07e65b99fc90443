//! Lambda entry point: certificates become registered devices.

use lambda_runtime::Error;
use worker::Job;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    worker::serve(Job::Register).await
}
