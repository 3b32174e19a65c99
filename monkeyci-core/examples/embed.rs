//! A build inside another program: `cargo run -p monkeyci-core --example embed [DIR]`.
//!
//! The jobs of the folder's script run as plain processes; the program prints each event's name and the first failure.

#![expect(clippy::print_stdout, reason = "an example prints")]

use monkeyci_core::engine::Engine;
use monkeyci_core::model::{EventKind, JobStatus};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "examples/failing".into());
    let engine = Engine::local().jobs(2).open().await?;
    let mut build = engine.build(folder.as_str()).await?;
    while let Some(event) = build.next().await {
        match &event.kind {
            EventKind::JobEnd { job_id, status, .. } => println!("{} {job_id}: {status}", event.kind.name()),
            kind => println!("{}", kind.name()),
        }
        if let EventKind::JobEnd { job_id, status: JobStatus::Failure, .. } = &event.kind {
            println!("{job_id} failed; stopping the rest");
            // It may just have ended by itself.
            let _ended = build.cancel("one is enough").await;
        }
    }
    println!("{}", build.wait().await?);
    engine.close().await;
    Ok(())
}
