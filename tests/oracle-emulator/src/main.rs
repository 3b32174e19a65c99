//! A double of Oracle Cloud, for tests in other languages and to be tried by hand.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use oracle_emulator::Oracle;
use serde_json::json;

/// A double of Oracle Cloud for tests: it verifies every request, and really runs containers
#[derive(Parser)]
struct Args {
    /// Where all services are
    #[arg(long, default_value = "127.0.0.1:8066")]
    listen: SocketAddr,
    /// The folder that the configuration and the key for clients are written to
    #[arg(long, default_value = "oci")]
    folder: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let oracle = match Oracle::listen(args.listen).await {
        Ok(oracle) => oracle,
        Err(error) => return failed(&format!("failed to listen at {}: {error}", args.listen)),
    };
    let user = oracle.user();
    let config = match user.write(&args.folder) {
        Ok(config) => config,
        Err(error) => return failed(&format!("failed to write to `{}`: {error}", args.folder.display())),
    };
    let said = json!({ "url": oracle.url(), "config": config, "tenancy": user.tenancy });
    // Nobody is left to tell when this fails.
    drop(writeln!(io::stdout(), "{said}"));
    drop(tokio::signal::ctrl_c().await);
    ExitCode::SUCCESS
}

fn failed(why: &str) -> ExitCode {
    drop(writeln!(io::stderr(), "{why}"));
    ExitCode::FAILURE
}
