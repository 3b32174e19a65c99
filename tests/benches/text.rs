//! Text: taking secrets out of logs, and reading large scripts.

use std::hint::black_box;
use std::time::Duration;

use monkeyci_core::model::{SecretRef, Trigger};
use monkeyci_core::script::{Extensions, Format, parse};
use monkeyci_core::secret::Secrets;

use crate::measure::{Goal, Outcome, pairs, rounds, timed};

/// Bytes that are pushed at once, as they come out of a report.
const PIECE: usize = 64 * 1024;

pub fn run() -> Outcome {
    let log = "   Compiling a-crate v1.2.3 (/home/ann/project/crates/a-crate)\n".repeat(1 << 20);
    let mut copy = Vec::with_capacity(log.len());
    for count in [1, 100] {
        let secrets = secrets(count);
        let ours = || {
            let mut masker = secrets.masker::<()>();
            timed(|| {
                for piece in log.as_bytes().chunks(PIECE) {
                    black_box(masker.push(piece));
                }
                Ok(masker.finish())
            })
        };
        let floor = || {
            copy.clear();
            timed(|| {
                log.as_bytes().chunks(PIECE).for_each(|piece| copy.extend_from_slice(piece));
                Ok(black_box(&copy).len())
            })
        };
        let what = format!("mask {count} secrets in {} MB", log.len() / 1_000_000);
        let took = pairs(&what, rounds(5), &Goal::Shown, floor, ours)?;
        println!("{:44} {:>21.0} MB/s", "", log.len() as f64 / 1e6 / took.as_secs_f64());
    }

    // A script file has at most 1 MiB.
    let job = |number: usize| {
        let after = number.checked_sub(1).map(|after| format!(", dependencies: [job-{after}]")).unwrap_or_default();
        format!("- {{id: job-{number}, script: [cargo test]{after}}}\n")
    };
    let script: String = (0..10_000).map(job).collect();
    let floor = || timed(|| Ok(serde_saphyr::from_str::<serde_json::Value>(&script)?));
    let ours = || timed(|| Ok(parse(Format::Yaml, "build.yaml", &script, &Trigger::default(), &Extensions::none())?));
    pairs("read 10 000 jobs of YAML, checked", rounds(5), &Goal::Within(Duration::from_secs(1)), floor, ours)?;
    Ok(())
}

/// Secrets that are not in the log, as nearly always.
fn secrets(count: u32) -> Secrets {
    let mut secrets = Secrets::new();
    for number in 0..count {
        let value = format!("{:08x}-token-{:08x}", number.wrapping_mul(0x9E37_79B9), number.wrapping_mul(0x85EB_CA6B));
        secrets.insert(SecretRef { name: format!("TOKEN_{number}"), version: 1 }, value);
    }
    secrets
}
