use clap::ValueEnum;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::error::CliError;

/// How the log looks.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

impl LogFormat {
    /// From now on, what happens is written to standard error: as much as `RUST_LOG` says, and `usually` where it says
    /// nothing.
    pub fn begin(self, usually: &str) -> Result<(), CliError> {
        let said = std::env::var("RUST_LOG").unwrap_or_default();
        let filter = if said.trim().is_empty() { usually } else { &said };
        let filter: Targets =
            filter.parse().map_err(|error| CliError::usage(format!("RUST_LOG: `{said}`: {error}")))?;
        let lines = layer().with_writer(std::io::stderr);
        let lines = match self {
            Self::Text => lines.boxed(),
            Self::Json => lines.json().flatten_event(true).boxed(),
        };
        tracing_subscriber::registry().with(lines).with(filter).init();
        Ok(())
    }
}
