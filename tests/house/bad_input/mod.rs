//! Bad input gives a clear error that names the job and the cause, a terminal state, and leaves nothing behind.

mod jobs;
mod machine;
mod page;
mod scripts;
mod secrets;

use crate::program::{Home, Said};
use crate::remains;

/// A job called `bad`, how the build ends, and what a person reads about it.
struct Case {
    name: &'static str,
    /// The job without its id.
    job: &'static str,
    code: i32,
    says: &'static [&'static str],
}

impl Case {
    /// Builds it beside a good job, which nothing may keep from its end.
    fn check(&self) {
        let home = Home::new();
        let script = format!("- id: bad\n{}\n- id: good\n  script: [echo good]\n", self.job);
        let repository = home.repository(&script).display().to_string();
        let said = home.run(&["build", "-j", "2", &repository]);
        holds(self.name, &home, &said, self.code, self.says);
        assert!(said.out.contains("✓ good"), "{}: the other job: {}", self.name, said.both());
    }
}

/// What holds for every bad input.
#[track_caller]
fn holds(name: &str, home: &Home, said: &Said, code: i32, says: &[&str]) {
    let both = said.both();
    let shown: String = both.chars().take(6000).collect();
    assert_eq!(said.code, Some(code), "{name}: {shown}");
    for text in says {
        assert!(both.contains(text), "{name}: `{text}` is missing: {shown}");
    }
    assert!(!both.contains("panicked"), "{name}: {shown}");
    remains::assert_none(home, name);
}
