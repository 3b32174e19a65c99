//! The page that says what was seen.

use std::fmt::Write as _;

use super::mishap::Mishap;
use super::seen::All;
use super::step::Step;

/// What stands before the table.
const HEAD: &str = "\
# When something goes wrong in Oracle Cloud

What people see of a job in a [container instance](guide/oci.md#jobs) when something goes wrong, by what that is and how far the
job is. This page is made by a test, which does it all for real: programs are killed with `kill -9`, the double of Oracle Cloud
refuses, loses answers and lets instances vanish, and the build is looked at. In each case the build ends, no instance is
made twice for one attempt, each line of the log is there once, and nothing is left: no instance, no object, no
signed address, unless nobody may delete it any more, which is told.

- *goes on*: the job ends as if nothing had happened.
- *again*: the attempt is lost and the job is done once more, as its [`retry`](formats.md#retry) has it; with `retry: never` it ends
  as an error, with the same words.
- *error*, *failure*: the job ends so, and is not done again unless `retry` names the cause.
- A number: what is said of it, beneath.

";

/// What stands beneath it.
const FOOT: &str = "
All of it is played, and the page made anew, by `MONKEYCI_TEST_LONG=1 MONKEYCI_UPDATE=1 cargo test -p monkeyci-tests --test house faults`.
";

/// The page for what was seen.
pub fn page(all: &All) -> String {
    let mut page = HEAD.to_owned();
    let mut notes: Vec<String> = Vec::new();
    let titles: Vec<_> = Step::ALL.iter().map(|step| step.title()).collect();
    let line = |page: &mut String, first: &str, cells: &[String]| {
        writeln!(page, "| {first} | {} |", cells.join(" | ")).expect("text takes in text");
    };
    line(&mut page, "", &titles.iter().map(|title| (*title).to_owned()).collect::<Vec<_>>());
    writeln!(page, "|---{}|", "|---".repeat(titles.len())).expect("text takes in text");
    for mishap in Mishap::ALL {
        let (name, title) = mishap.names();
        let cell = |step: &Step| {
            let Some(seen) = all.get(&format!("{name}/{}", step.id())) else { return "–".to_owned() };
            let mut cell = seen.word().to_owned();
            let mut before = None;
            for told in &seen.told {
                // Each attempt may end for the same reason.
                if before.replace(told) == Some(told) {
                    continue;
                }
                let cause = told.cause.as_ref().map(|cause| format!("`{cause}`: ")).unwrap_or_default();
                let note = format!("{cause}{}", told.text);
                let number = notes.iter().position(|known| *known == note).unwrap_or_else(|| {
                    notes.push(note);
                    notes.len() - 1
                });
                write!(cell, " {}", number + 1).expect("text takes in text");
            }
            cell
        };
        let cells: Vec<_> = Step::ALL.iter().map(cell).collect();
        line(&mut page, title, &cells);
    }
    page.push('\n');
    for (number, note) in notes.iter().enumerate() {
        writeln!(page, "{}. {note}", number + 1).expect("text takes in text");
    }
    page.push_str(FOOT);
    page
}
