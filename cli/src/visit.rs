//! The user's visit to a job: what is said at its door, and the way from the worker to the terminal.

use std::io;
use std::sync::Arc;

use futures::FutureExt as _;
use monkeyci_core::executor::Terminal;
use monkeyci_core::model::JobId;
use monkeyci_core::worker::{Debug, Opened};
use tokio::sync::{mpsc, oneshot};

use crate::terminal::{Raw, lend};
use crate::ui::escape::{Colours, neutral};
use crate::ui::sentence::cause_words;
use crate::ui::style::{Style, Tone};

/// A job that waits for the terminal.
pub struct Visit {
    /// What is opened.
    pub opened: Opened,
    terminal: oneshot::Sender<Terminal>,
}

/// The visits of one build.
pub struct Visits {
    doors: mpsc::Receiver<Visit>,
    /// The terminal's modes from before, while it is lent.
    raw: Option<Raw>,
    /// Whether the screen was left to a shell.
    pub begun: bool,
}

/// Has a job opened for the user: before its lines run, or after.
pub fn to(job: JobId, after: bool, shell: Option<String>) -> (Debug, Visits) {
    let (doors, waiting) = mpsc::channel(1);
    let open = move |opened| {
        let doors = doors.clone();
        async move {
            let (answer, terminal) = oneshot::channel();
            doors.send(Visit { opened, terminal: answer }).await.ok()?;
            terminal.await.ok()
        }
        .boxed()
    };
    (Debug { job, after, shell, open: Arc::new(open) }, Visits { doors: waiting, raw: None, begun: false })
}

impl Visits {
    /// Waits for a job that is ready for the user.
    pub async fn next(&mut self) -> Visit {
        match self.doors.recv().await {
            Some(visit) => visit,
            None => std::future::pending().await,
        }
    }

    /// Lends the terminal.
    pub fn begin(&mut self, visit: Visit) -> io::Result<()> {
        let (terminal, raw) = lend()?;
        (self.raw, self.begun) = (raw, true);
        // Nobody wants it any more, perhaps: then it comes back here.
        let _back = visit.terminal.send(terminal);
        Ok(())
    }

    /// Takes the terminal back.
    pub fn end(&mut self) {
        self.raw = None;
    }
}

/// What the user must know before the shell says anything.
pub fn heading(opened: &Opened, style: Style) -> Vec<String> {
    let job = &opened.job;
    let text = |text: &str| neutral(text, Colours::Strip).into_owned();
    let place = match &job.image {
        Some(image) => format!("in image `{}`", text(image)),
        None => "as a process of this machine".into(),
    };
    let mut lines = vec![style.paint(Tone::Strong, &format!("Job `{}`, {place}", job.id))];
    lines.push(format!("  work dir: {}", text(&opened.work_dir.display().to_string())));
    for service in &job.services {
        lines.push(format!("  service:  {} ({})", service.id, text(&service.image)));
    }
    let command: Vec<_> = job.command.iter().map(ToString::to_string).collect();
    if job.script.is_empty() && !command.is_empty() {
        lines.push(format!("  command:  {}", text(&command.join(" "))));
    }
    for (number, line) in job.script.iter().enumerate() {
        let line = line.to_string();
        for (at, part) in line.trim_end().lines().enumerate() {
            let number = if at == 0 { (number + 1).to_string() } else { String::new() };
            lines.push(format!("  {}  {}", style.paint(Tone::Quiet, &format!("{number:>3}")), text(part)));
        }
    }
    for warning in &opened.warnings {
        lines.push(style.paint(Tone::Waiting, &format!("  warning: {}", text(warning))));
    }
    if let Some(ran) = &opened.ran {
        lines.push(match ran.cause {
            None => style.paint(Tone::Good, "Its lines ended well"),
            Some(cause) => {
                let message = ran.message.as_deref().unwrap_or_else(|| cause_words(cause));
                style.paint(Tone::Bad, &format!("Its lines did not end well: {}", text(message)))
            }
        });
    }
    lines.push(style.paint(Tone::Quiet, &format!("{} is open there; `exit` ends it.", text(&opened.shell))));
    lines
}

#[cfg(test)]
mod tests {
    use monkeyci_core::model::{Cause, Job, JobResult};

    use super::*;

    #[test]
    fn the_heading_tells_where_the_shell_is_and_what_the_job_would_run() {
        let mut job = Job::new("unit".parse().expect("an id"));
        job.image = Some("docker.io/library/rust:1.95".into());
        job.script = vec!["cargo build".into(), "for n in 1 2; do\n  cargo test\ndone\n".into()];
        let mut opened = Opened {
            job: Arc::new(job),
            work_dir: "/home/monkeyci/core".into(),
            shell: "/bin/sh".into(),
            warnings: vec!["not restored: artifact `\u{1b}[2Jprogram` is not there".into()],
            ran: None,
        };
        assert_eq!(
            heading(&opened, Style::PLAIN).join("\n"),
            "Job `unit`, in image `docker.io/library/rust:1.95`\n  work dir: /home/monkeyci/core\n    1  cargo build\n    \
             2  for n in 1 2; do\n         cargo test\n       done\n  warning: not restored: artifact `program` is not \
             there\n/bin/sh is open there; `exit` ends it."
        );
        opened.ran = Some(JobResult::failed(Cause::Failure, "line 2 of 2 ended with code 101"));
        let told = heading(&opened, Style::PLAIN).join("\n");
        assert!(told.contains("\nIts lines did not end well: line 2 of 2 ended with code 101\n"), "{told}");
    }
}
