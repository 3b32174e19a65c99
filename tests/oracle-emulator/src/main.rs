//! A double of Oracle Cloud, for tests in other languages and to be tried by hand.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use clap::Parser;
use oracle_emulator::{Engine, Oracle};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// A double of Oracle Cloud for tests: it verifies every request, and really runs containers
#[derive(Parser)]
struct Args {
    /// Where all services are
    #[arg(long, default_value = "127.0.0.1:8066")]
    listen: SocketAddr,
    /// The folder that the configuration and the key for clients are written to
    #[arg(long, default_value = "oci")]
    folder: PathBuf,
    /// What containers are: `docker` or `process`; by itself Docker's where its daemon answers
    #[arg(long, value_parser = engine)]
    engine: Option<Engine>,
}

fn engine(name: &str) -> Result<Engine, String> {
    match name {
        "docker" => Ok(Engine::Docker),
        "process" => Ok(Engine::Process),
        _ => Err("it is `docker` or `process`".into()),
    }
}

/// Docker, where its daemon answers.
fn found() -> Engine {
    let asked =
        Command::new("docker").arg("info").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if asked.is_ok_and(|status| status.success()) { Engine::Docker } else { Engine::Process }
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let oracle = match Oracle::listen(args.listen).await {
        Ok(oracle) => oracle,
        Err(error) => return failed(&format!("failed to listen at {}: {error}", args.listen)),
    };
    let engine = args.engine.unwrap_or_else(found);
    oracle.state().settings.engine = engine;
    let user = oracle.user();
    let config = match user.write(&args.folder) {
        Ok(config) => config,
        Err(error) => return failed(&format!("failed to write to `{}`: {error}", args.folder.display())),
    };
    let said = json!({ "url": oracle.url(), "config": config, "tenancy": user.tenancy, "engine": engine });
    // Nobody is left to tell when this fails.
    drop(writeln!(io::stdout(), "{said}"));
    stopped().await;
    ExitCode::SUCCESS
}

/// Until somebody wants it to end. Containers end with it.
async fn stopped() {
    let Ok(mut terminated) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
}

fn failed(why: &str) -> ExitCode {
    drop(writeln!(io::stderr(), "{why}"));
    ExitCode::FAILURE
}
