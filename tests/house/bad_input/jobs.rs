//! Jobs that misbehave.

use std::process::Stdio;

use super::{Case, holds};
use crate::image;
use crate::program::{Home, Said, has_docker};

const CASES: &[Case] = &[
    Case {
        name: "missing shell",
        job: "  shell: /no/such/shell\n  script: [echo hello]",
        code: 1,
        says: &["✗ bad", "/no/such/shell"],
    },
    Case {
        name: "missing program",
        job: "  command: [/no/such/program, --now]",
        code: 1,
        says: &["✗ bad", "/no/such/program"],
    },
    Case {
        name: "missing work dir",
        job: "  work-dir: nowhere\n  script: [echo hello]",
        code: 1,
        says: &["✗ bad", "nowhere"],
    },
    Case {
        name: "R6 forks and detaches",
        job: "  script: [\"for n in 1 2 3; do setsid sh -c '(trap \\\"\\\" HUP TERM; sleep 600) & sleep 600' & done; echo over\"]",
        code: 0,
        says: &["✓ bad"],
    },
    Case {
        name: "R7 ignores the signal to end",
        job: "  timeout: 1s\n  script: [\"trap '' TERM INT HUP; while true; do sleep 0.1; done\"]",
        code: 1,
        says: &["✗ bad", "longer than 1 s", "`timeout`"],
    },
    Case {
        name: "R1 removes its work dir",
        job: "  script: ['cd / && rm -rf \"$MONKEYCI_WORK_DIR\"', echo still here]\n  save-artifacts: [{id: a, path: out}]",
        code: 1,
        says: &["✗ bad"],
    },
    Case {
        name: "R2 removes the whole of its folder",
        job: "  script: ['cd / && rm -rf \"$MONKEYCI_WORK_DIR/..\" 2>/dev/null || true; rm -rf \"$MONKEYCI_WORK_DIR\"/../*']",
        code: 4,
        says: &["✗ bad", "the job removed its report"],
    },
    Case {
        name: "R3 its report folder is a link",
        job: "  script: ['cd .. && rm -rf report && ln -s /etc report', echo hello]",
        code: 4,
        says: &["✗ bad", "the job removed its report"],
    },
    Case {
        name: "R4 forged frames",
        job: "  script: ['head -c 100000 /dev/urandom >> ../report/frames', echo hello]",
        code: 1,
        says: &["✗ bad", "its report is not what MonkeyCI writes"],
    },
    Case {
        name: "R5 a frame that never ends",
        job: "  script: ['printf \"\\001\\000\\000\\000\\000\\000\\000\\000\\000\\377\\377\\377\\377\" >> ../report/frames', echo hello]",
        code: 1,
        says: &["✗ bad", "its report is not what MonkeyCI writes"],
    },
];

#[test]
fn no_job_can_do_harm() {
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let halves = CASES.chunks(CASES.len().div_ceil(2));
        let check = |cases: &'static [Case]| {
            let failed = cases.iter().filter(|case| std::panic::catch_unwind(|| case.check()).is_err());
            failed.map(|case| case.name.to_owned()).collect::<Vec<_>>()
        };
        let threads: Vec<_> = halves.map(|cases| scope.spawn(move || check(cases))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("it ends")).collect()
    });
    assert_eq!(CASES.len(), 10);
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Whether it is noticed depends on when the job does it: a supervisor that ends puts its own result in place of any.
/// What stands there instead is never opened, and never believed.
#[test]
fn a_report_that_is_replaced_is_not_followed() {
    // Case R8: its report becomes a pipe, a link or a device.
    for what in ["mkfifo result frames", "ln -s /etc/passwd frames; ln -s /etc/passwd result", "mknod frames c 1 5"] {
        let home = Home::new();
        let script = format!("- id: bad\n  script: ['cd ../report && rm -f * && {{ {what}; }}', echo hello]\n");
        let said = home.run(&["build", &home.repository(&script).display().to_string()]);
        match said.code {
            Some(0) => holds(what, &home, &said, 0, &["✓ bad"]),
            _ => holds(what, &home, &said, 1, &["✗ bad", "report"]),
        }
        assert!(!said.both().contains("root:"), "{what}: {}", said.both());
    }
}

#[test]
fn what_images_lack_is_named() {
    if !has_docker() {
        return;
    }
    let Some(image) = image::Busybox::import() else { return };
    let boxed = |rest: &str| format!("- id: bad\n  image: {}\n{rest}\n", image.name());
    let cases = [
        ("missing shell", boxed("  shell: /bin/zsh\n  script: [echo hello]"), ["/bin/zsh", image.name()]),
        (
            "missing image",
            "- id: bad\n  image: localhost/monkeyci-test/nowhere:1\n  pull: never\n  script: [echo hello]\n".to_owned(),
            ["localhost/monkeyci-test/nowhere:1", "✗ bad"],
        ),
    ];
    for (name, script, says) in cases {
        let home = Home::new();
        let repository = home.repository(&script).display().to_string();
        holds(name, &home, &home.run(&["build", &repository]), 1, &says);
    }
}

/// Case R9: 350 MB in one line.
#[test]
fn a_line_without_end_meets_the_limit_and_costs_little_memory() {
    let home = Home::new();
    let repository = home.repository("- id: bad\n  script: [head -c 367001600 /dev/zero]\n").display().to_string();
    let mut command = home.command(&["build", "-q", &repository]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let status = format!("/proc/{}/status", child.id());
    let most = std::thread::spawn(move || {
        let mut most = 0;
        // Once it is dead it has no memory to tell of.
        while let Some(kilobytes) = peak(&std::fs::read_to_string(&status).unwrap_or_default()) {
            most = kilobytes;
            std::thread::sleep(std::time::Duration::from_millis(20)); // poll
        }
        most
    });
    let said = Said::of(&child.wait_with_output().expect("it ends"));
    holds("350 MB without a newline", &home, &said, 1, &["bad", "256 MB of log"]);
    assert!(said.out.len() < 1_000_000, "{} bytes were shown", said.out.len());
    let most = most.join().expect("it ends");
    assert!(most < 128 * 1024, "it took {most} kB of memory");
}

/// The most memory that a process has taken, in kB.
fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
