//! Jobs that run a function of the program.

use monkeyci_model::script::PROGRAM;
use monkeyci_model::text::Part;
use monkeyci_model::{Job, Text};

/// Whether a text of the job mentions the script program, as its variable.
#[must_use]
pub fn is_action(job: &Job) -> bool {
    let plain = |part: &Part| matches!(part, Part::Plain(text) if mentions(text));
    job.texts().flat_map(Text::parts).any(plain)
}

fn mentions(text: &str) -> bool {
    let name = |rest: &str| rest.strip_prefix('{').unwrap_or(rest).starts_with(PROGRAM);
    text.split('$').skip(1).any(name)
}

/// Why one of these jobs cannot be, when it is an action in an image.
pub(super) fn refusal(jobs: &[Job]) -> Option<String> {
    let job = jobs.iter().find(|job| job.image.is_some() && is_action(job))?;
    Some(format!(
        "job `{}` has an image and runs the script program (`${PROGRAM}`), which is not in there: actions run where the \
         jobs were planned; take away its image, or put the action into a job of its own",
        job.id
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_known_by_the_variable() {
        for (line, expected) in [
            ("\"$MONKEYCI_SCRIPT\" act a", true),
            ("exec ${MONKEYCI_SCRIPT} act a", true),
            ("x=${MONKEYCI_SCRIPT:-none}", true),
            ("echo $HOME $MONKEYCI MONKEYCI_SCRIPT", false),
        ] {
            let mut job = Job::new("a".parse().expect("an id"));
            job.script.push(line.into());
            assert_eq!(is_action(&job), expected, "{line}");
            job.image = Some("busybox".into());
            assert_eq!(refusal(&[job]).is_some(), expected, "{line}");
        }
    }
}
