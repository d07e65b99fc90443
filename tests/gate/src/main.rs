//! The gate as a program, for benchmarks and for whoever wants to see throttling.

use std::{fs::File, io, path::PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use gate::{Gate, QuotaFor};

/// Stand before the local cloud as AWS IoT's quotas do
///
/// Clients call the gate instead of the local cloud. Calls of AWS IoT within their quota are passed on; others are
/// answered with `ThrottlingException`, as AWS IoT answers them. Other services pass untouched. An operation without a
/// `--limit` has no quota.
///
/// The log has a line of JSON for each call of AWS IoT: when it came (in milliseconds since the gate began), the
/// operation, the thing or certificate that it is about, and the HTTP status that it was answered with.
///
/// Example: a local cloud on port 4566, seen through a gate on port 4567 that admits 20 registrations a second and 5
/// at once:
///
///   gate --upstream 4566 --listen 4567 --limit RegisterCertificateWithoutCA=20:5
#[derive(Debug, Parser)]
#[command(name = "gate", verbatim_doc_comment)]
struct Args {
    /// Port of the local cloud on this machine
    #[arg(long, value_name = "PORT")]
    upstream: u16,
    /// Port to listen on [default: a free one, which is printed]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    listen: u16,
    /// Quota of an operation: calls a second, and how many may come at once [default: as many as in a second]
    #[arg(long, value_name = "OPERATION=RATE[:BURST]")]
    limit: Vec<QuotaFor>,
    /// File for the log [default: standard output]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a program for a person at a terminal")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let gate = Gate::listen_on(args.listen)
        .await
        .with_context(|| format!("failed to listen on port {}", args.listen))?;
    for QuotaFor { operation, quota } in args.limit {
        gate.limit(operation, quota);
    }
    match args.log {
        Some(path) => {
            let file = File::create(&path)
                .with_context(|| format!("failed to write {}", path.display()))?;
            gate.log_to(file);
        }
        None => gate.log_to(io::stdout()),
    }
    gate.open(args.upstream);
    eprintln!("The gate to port {} is at http://{}", args.upstream, gate.address);
    std::future::pending().await
}
