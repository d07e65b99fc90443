//! `cargo xtask`: the command line of Thingpress. Everything is in the library, which the tests use too.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::cli::main()
}
