//! What is drawn on a terminal.

use crate::place::Place;
use crate::pty;

#[test]
fn a_terminal_gets_colours_and_live_lines_and_never_what_a_job_would_do_to_it() {
    if !pty::is_here() {
        return;
    }
    let place = Place::with_script(
        "- id: a\n  script: ['printf \"\\\\033]0;evil\\\\007\\\\033[31mred\\\\033[2J\\\\n\"; exit 1']\n- {id: b, script: [echo fine]}\n",
    );
    let program = format!("{} build", env!("CARGO_BIN_EXE_monkeyci"));
    let mut command = pty::command(&place, &program);
    let ran = command.env("TERM", "xterm").stdin(std::process::Stdio::null()).output().expect("script starts");
    assert_eq!(ran.status.code(), Some(1));
    let shown = String::from_utf8_lossy(&ran.stdout);
    assert!(shown.contains("\u{1b}[31m✗") && shown.contains("\u{1b}[32m✓"), "{shown:?}");
    assert!(shown.contains("\u{1b}[31mred\u{1b}[0m"), "{shown:?}");
    assert!(!shown.contains("\u{1b}]0;evil") && !shown.contains("\u{1b}[2J"), "{shown:?}");
    assert!(shown.contains("Build failed"), "{shown:?}");
}
