//! Jobs that run a function of the program.

use std::path::{Path, PathBuf};

use monkeyci_model::script::{self, Answer, PROGRAM, Question};
use monkeyci_model::text::Part;
use monkeyci_model::{Job, Text};
use tokio_util::sync::CancellationToken;

use super::plan::json;
use super::run::{ANSWER, LENT, QUESTION, lend, put};
use super::{Asked, ProgramError, Programs};
use crate::executor::Inner;
use crate::job_dir::JobDir;
use crate::job_dir::report::Reader;

/// Bytes of the longest answer of an action: it is kept with the events of its build.
const ANSWER_BYTES: u64 = 1024 * 1024;

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

/// What a job needs to run a function of the program, and what is needed to ask the program about it.
pub(crate) struct Action {
    program: PathBuf,
    question: Question,
}

impl Programs {
    /// What an action needs: its program, compiled where it is not there yet, and its question.
    ///
    /// `job` has its secrets filled in.
    ///
    /// # Errors
    /// When the script has no program, or it cannot be had.
    pub(crate) async fn action(
        &self,
        asked: Asked<'_>,
        job: &Job,
        cancel: &CancellationToken,
    ) -> Result<Action, ProgramError> {
        let program = self.program_of(asked, cancel).await?;
        let question = self.question(asked.build, asked.trigger, Some(job))?;
        Ok(Action { program, question })
    }
}

impl Programs {
    /// The program of a script, compiled where it is not there yet.
    ///
    /// # Errors
    /// When the script has no program, or it cannot be had.
    pub(crate) async fn program_of(
        &self,
        asked: Asked<'_>,
        cancel: &CancellationToken,
    ) -> Result<PathBuf, ProgramError> {
        match &self.compiled {
            Some(program) => Ok(program.clone()),
            None => self.compile(asked, cancel).await,
        }
    }
}

impl Action {
    /// The program.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// The question, which holds the job.
    pub(super) fn question(&self) -> &Question {
        &self.question
    }

    /// The variables by which the job in `dir`, in a container or not, finds all of it.
    pub(crate) fn variables(&self, dir: &JobDir, inside: bool) -> [(&'static str, PathBuf); 3] {
        let Inner { control, report, .. } = Inner::of(dir, inside);
        let program = if inside { control.join(LENT) } else { self.program.clone() };
        [(PROGRAM, program), (script::QUESTION, control.join(QUESTION)), (script::ANSWER, report.join(ANSWER))]
    }

    /// Puts the question into the job directory, and for a container the program as well.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn ask(&self, dir: &JobDir, inside: bool) -> Result<(), ProgramError> {
        lend(dir, &self.program, inside)?;
        put(dir, QUESTION, &json(&self.question))
    }

    /// Whether the job in this directory was asked to act.
    pub(crate) fn was_asked(dir: &JobDir) -> bool {
        dir.control().join(QUESTION).exists()
    }

    /// What an action left as its answer, if anything.
    ///
    /// # Errors
    /// A sentence that says why it cannot be read.
    pub(crate) fn answer(reader: &Reader) -> Result<Option<Answer>, String> {
        let Some(bytes) = reader.left(ANSWER, ANSWER_BYTES).map_err(|error| format!("its answer: {error}"))? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| format!("its answer is not one of an action: {error}"))
    }
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
