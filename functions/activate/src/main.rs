//! Lambda entry point: registered certificates become devices that can connect.

use lambda_runtime::Error;
use worker::Job;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    worker::serve(Job::Activate).await
}
