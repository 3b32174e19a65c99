//! A double of Slack, to be looked at and for tests in other languages.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use slack_emulator::Server;

/// A double of Slack for tests: Web API, deliveries, Socket Mode, and channels that people can look at
#[derive(Parser)]
struct Args {
    /// Where it is served
    #[arg(long, default_value = "127.0.0.1:8065")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let server = match Server::listen(args.listen).await {
        Ok(server) => server,
        Err(error) => {
            drop(writeln!(io::stderr(), "failed to listen at {}: {error}", args.listen));
            return ExitCode::FAILURE;
        }
    };
    // Nobody is left to tell when this fails.
    drop(writeln!(io::stdout(), "{}", server.url()));
    drop(tokio::signal::ctrl_c().await);
    ExitCode::SUCCESS
}
