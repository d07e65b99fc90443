//! Lambda entry point: it is told what an import would make of devices, and nothing is written.

use lambda_runtime::Error;
use worker::Job;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    worker::serve(Job::Foresee).await
}
