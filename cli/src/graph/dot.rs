//! The graph in the language of Graphviz.

use std::fmt::Write as _;

use monkeyci_core::model::Job;

use super::{edges, marks, place};

/// The graph of `jobs`.
pub fn draw(jobs: &[Job]) -> String {
    let mut dot = String::from("digraph plan {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n");
    for (at, job) in jobs.iter().enumerate() {
        let mut label = vec![escaped(job.id.as_str()), escaped(place(job))];
        label.extend(marks(job).iter().map(|mark| escaped(mark)));
        // `\n` is two characters here: the language's own line break.
        let _ = writeln!(dot, "  n{at} [label=\"{}\"];", label.join("\\n"));
    }
    for (from, to) in edges(jobs) {
        let _ = writeln!(dot, "  n{from} -> n{to};");
    }
    dot.push_str("}\n");
    dot
}

fn escaped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).fold(String::new(), |mut safe, c| {
        if matches!(c, '"' | '\\') {
            safe.push('\\');
        }
        safe.push(c);
        safe
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::jobs;
    use super::*;

    #[test]
    fn labels_cannot_leave_their_quotes() {
        let mut jobs = jobs("a b:a");
        jobs[0].image = Some("x\"];\n b\\".into());
        assert_eq!(
            draw(&jobs),
            "digraph plan {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n  n0 [label=\"a\\nx\\\"]; b\\\\\"];\n  n1 [label=\"b\\nprocess\"];\n  n0 -> n1;\n}\n"
        );
    }
}
