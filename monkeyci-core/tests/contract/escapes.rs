//! Jobs as plain processes that would get out of what holds them, by whoever plays: root or an ordinary user.
//!
//! What plain processes do not stop is no case here: it is said in `docs/security.md`.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use monkeyci_core::job_dir::outcome::Reason;
use monkeyci_core::model::result::Guarantee;

use crate::adapters;
use crate::gate;

/// What is tried, the line of a job that tries it, and all that it may print. `STRANGER` is a process of the same user
/// outside of the job; `CARGO_MANIFEST_DIR` is in the environment of whoever starts the job.
const CASES: &[(&str, &str, &str)] = &[
    ("X8 ends what watches it", "kill -9 1 2>/dev/null; kill -STOP 1 2>/dev/null; echo on", "on\n"),
    ("X9 ends a process of its user", "kill -9 STRANGER 2>/dev/null || echo refused", "refused\n"),
    ("X10 looks at a process of its user", "cat /proc/STRANGER/environ 2>/dev/null || echo refused", "refused\n"),
    ("X11 reads the environment of who started it", "env | grep CARGO_MANIFEST_DIR || echo none", "none\n"),
    (
        "X12 reads the environment of what watches it",
        "cat /proc/1/environ 2>/dev/null | tr '\\0' '\\n' | grep CARGO_MANIFEST_DIR || echo none",
        "none\n",
    ),
    ("X13 lists the processes of its host", "test $(ls /proc | grep -c '^[0-9]') -lt 10 && echo few", "few\n"),
    ("X14 writes to the terminal of who started it", "(: < /dev/tty) 2>/dev/null && echo seen || echo none", "none\n"),
    ("X15 mounts over its host", "mkdir m; mount -t tmpfs hostile-of-a-job m 2>/dev/null; echo tried", "tried\n"),
    ("X16 leaves 300 processes behind", "for n in $(seq 300); do setsid sleep 600 >/dev/null 2>&1 & done; echo", "\n"),
    ("X17 keeps its output open", "sleep 600 & setsid sleep 601 & echo over", "over\n"),
];

/// A process of the same user, outside of every job; ends with this value.
struct Stranger(Child);

impl Stranger {
    fn sleep() -> Self {
        let mut sleep = Command::new("sleep");
        sleep.arg("600").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(sleep.spawn().expect("sleeps"))
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        // A job may have ended it, which the story then tells.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn no_job_gets_out_of_its_namespaces() {
    let Some(fixture) = adapters::process().await else { return };
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "cargo runs the tests");
    let mut stranger = Stranger::sleep();
    let mut skipped = false;
    for (case, line, printed) in CASES {
        let line = line.replace("STRANGER", &stranger.0.id().to_string());
        let begun = Instant::now();
        let ran = fixture.run(fixture.job("escapes", [line.as_str()])).await;
        if ran.started != [Some(Guarantee::PidNamespace)] {
            gate::skip("namespaces", format!("{:?} is what holds here", ran.started));
            skipped = true;
            break;
        }
        assert_eq!(ran.output(), *printed, "{case}");
        // Nothing of it is left: that is looked for with the outcome.
        assert_eq!((ran.outcome().reason, ran.outcome().code), (Reason::Exited, Some(0)), "{case}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{case}: {:?}", begun.elapsed());
    }
    if !skipped {
        assert!(stranger.0.try_wait().expect("asked").is_none(), "the stranger lives");
        let mounts = std::fs::read_to_string("/proc/self/mounts").expect("mounts");
        assert!(!mounts.contains("hostile-of-a-job"), "{mounts}");
    }
}

/// Case X18: what a line sets for the programs that watch it.
#[tokio::test]
async fn what_a_line_sets_is_its_own() {
    let Some(fixture) = adapters::process().await else { return };
    let lines = [
        "export LD_PRELOAD=/nowhere.so PATH=/nowhere IFS=x",
        "echo ${LD_PRELOAD:-none}; ls / >/dev/null && echo found",
    ];
    let ran = fixture.run(fixture.job("sets", lines)).await;
    assert_eq!((ran.output().as_str(), ran.outcome().code), ("none\nfound\n", Some(0)));
}
