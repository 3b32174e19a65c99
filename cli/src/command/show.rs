use monkeyci_client::rest::{BuildDetail, JobView};
use monkeyci_core::model::{BuildId, JobStatus, Trigger};

use crate::error::{CliError, Exit};
use crate::remote::{BuildName, OutputArgs};
use crate::runtime::Runtime;
use crate::stored::{self, StoreArgs};
use crate::ui::style::{Style, Tone};
use crate::ui::{duration, picture, sentence, table, when};

/// Show how a build of the server stands, with its jobs
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// The build, as in `acme/web/42` or `42` [default: the newest of this checkout's repository]
    #[arg(value_name = "BUILD")]
    build: Option<BuildName>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Shows a build.
pub fn run(args: &ShowArgs) -> Result<Exit, CliError> {
    if args.store.is_named() {
        let (id, build) = Runtime::new()?.block_on(async {
            let stored = args.store.open_some().await?;
            let row = stored.build(args.build.as_ref()).await?;
            Ok::<_, CliError>((row.build.clone(), stored::detail(&stored, row).await?))
        })?;
        return args.output.print(&build, |style| draw(&id, &build, style));
    }
    let server = args.output.connect()?;
    let (id, build) = Runtime::new()?.block_on(async {
        let (id, build) = server.build(args.build.as_ref()).await?;
        Ok::<_, CliError>((id, build.get().await?))
    })?;
    args.output.print(&build, |style| draw(&id, &build, style) + &server.page(&id) + "\n")
}

fn draw(id: &BuildId, detail: &BuildDetail, style: Style) -> String {
    let build = &detail.build;
    let now = when::now();
    let status = style.paint(sentence::tone(build.status), build.status.as_str());
    let mut text = format!("Build {}: {status}", super::short(id));
    if let Some(ended) = build.ended {
        text.push_str(&format!(" in {}", duration::short(ended - build.created)));
    }
    text.push('\n');
    let git = build.trigger.git.as_ref();
    let Trigger { actor, via, .. } = &*build.trigger;
    let by = actor.as_deref().map(|actor| sentence::by(actor, via.as_deref())).unwrap_or_default();
    let message = git.and_then(|git| git.message.as_deref()).and_then(|message| message.lines().next());
    let facts =
        [super::reference(&build.trigger), when::about(build.created, now), by, message.unwrap_or_default().to_owned()];
    let facts: Vec<_> = facts.iter().filter(|fact| !fact.is_empty()).map(|fact| super::safe(fact)).collect();
    text.push_str(&format!("{}\n", style.paint(Tone::Quiet, &facts.join(", "))));
    if let Some(pipeline) = &detail.pipeline {
        let line = format!("pipeline {}, as the server has it", super::safe(pipeline));
        text.push_str(&format!("{}\n", style.paint(Tone::Quiet, &line)));
    }
    for warning in &detail.warnings {
        text.push_str(&format!("{}\n", style.paint(Tone::Waiting, &format!("warning: {}", super::safe(warning)))));
    }
    if let Some(note) = detail.report.as_ref().and_then(|report| report.note.as_deref()) {
        let note = format!("the forge was not told: {}", super::safe(note));
        text.push_str(&format!("{}\n", style.paint(Tone::Waiting, &note)));
    }
    if let Some(message) = &build.message {
        text.push_str(&format!("\n{}\n", picture::coloured(message, style).trim_end()));
    }
    if !detail.jobs.is_empty() {
        let rows: Vec<_> = detail.jobs.iter().map(|job| row(job, now)).collect();
        text.push('\n');
        text.push_str(&table::draw_in(["JOB", "STATUS", "TOOK", ""], &rows, style, |at, column| match column {
            1 => Some(tone(&detail.jobs[at])),
            3 => Some(Tone::Quiet),
            _ => None,
        }));
    }
    text.push('\n');
    text
}

fn row(job: &JobView, now: i64) -> [String; 4] {
    let took = job.started.map(|start| duration::short(job.ended.unwrap_or(now) - start)).unwrap_or_default();
    let message = job.result.as_ref().and_then(|result| result.message.clone());
    let attempt = (job.attempt > 1).then(|| format!("attempt {}", job.attempt));
    let says: Vec<_> = [attempt, job.waiting.clone(), message].into_iter().flatten().collect();
    [job.job.id.to_string(), job.status.to_string(), took, says.join("; ")]
}

fn tone(job: &JobView) -> Tone {
    match job.status {
        JobStatus::Failure | JobStatus::Error if job.job.allow_failure => Tone::Waiting,
        JobStatus::Failure | JobStatus::Error => Tone::Bad,
        JobStatus::Success => Tone::Good,
        JobStatus::Blocked | JobStatus::Canceled => Tone::Waiting,
        JobStatus::Initializing | JobStatus::Running => Tone::Busy,
        _ => Tone::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_build_is_shown_with_its_jobs_and_why_they_wait() {
        let job = |id: &str, more: serde_json::Value| {
            let mut job = json!({"job": {"id": id}, "status": "queued", "attempt": 1});
            job.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            job
        };
        let detail = json!({"org": "acme", "repo": "web", "number": 12, "status": "running", "events": 9,
        "trigger": {"git": {"ref": "refs/heads/mend", "message": "Mend"}, "actor": "ann\u{1b}[2J",
                "pullRequest": {"number": 5, "sourceBranch": "mend", "targetBranch": "main"}},
        "created": when::now() - 90_000, "warnings": ["a \u{202e}key"], "report": {"note": "there is no param `FORGE_TOKEN`"},
        "jobs": [
            job("unit", json!({"status": "failure", "attempt": 2, "started": 1000, "ended": 3000, "result": {"message": "line 2 ended with code 1"}})),
            job("deploy", json!({"waiting": "for the group `production`"})),
        ]});
        let detail: BuildDetail = serde_json::from_value(detail).expect("a build");
        let id = "acme/web/build-12".parse().expect("an id");
        assert_eq!(
            draw(&id, &detail, Style::PLAIN),
            "\
Build acme/web/12: running
#5 mend, 1 min ago, by ann, Mend
warning: a key
the forge was not told: there is no param `FORGE_TOKEN`

JOB     STATUS   TOOK
unit    failure  2.0s  attempt 2; line 2 ended with code 1
deploy  queued         for the group `production`

"
        );
    }
}
