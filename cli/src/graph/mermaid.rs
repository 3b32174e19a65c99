//! The graph in the language of Mermaid, which forges draw in their pages.

use std::fmt::Write as _;

use monkeyci_core::model::Job;

use super::{edges, marks, place};

/// The graph of `jobs`.
pub fn draw(jobs: &[Job]) -> String {
    let mut text = String::from("flowchart LR\n");
    for (at, job) in jobs.iter().enumerate() {
        let mut label = vec![escaped(job.id.as_str()), escaped(place(job))];
        label.extend(marks(job).iter().map(|mark| escaped(mark)));
        let _ = writeln!(text, "  n{at}[\"{}\"]", label.join("<br/>"));
    }
    for (from, to) in edges(jobs) {
        let _ = writeln!(text, "  n{from} --> n{to}");
    }
    text
}

/// Everything but letters, digits and a few harmless signs becomes an entity code, which Mermaid writes `#38;`.
fn escaped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).fold(String::new(), |mut safe, c| {
        if c.is_alphanumeric() || " ._-/:,".contains(c) {
            safe.push(c);
        } else {
            let _ = write!(safe, "#{};", u32::from(c));
        }
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
        jobs[0].image = Some("x\"]<script>".into());
        assert_eq!(
            draw(&jobs),
            "flowchart LR\n  n0[\"a<br/>x#34;#93;#60;script#62;\"]\n  n1[\"b<br/>process\"]\n  n0 --> n1\n"
        );
    }
}
