//! The one message of a build, which changes as the build goes on.

use monkeyci_client::model::trigger::Source;
use monkeyci_client::model::{BuildStatus, Cause};
use monkeyci_client::rest::Moment;
use monkeyci_grammar::Style;

use super::block::{actions, context, section};
use super::ladder::Length;
use super::text::{code, escape, line, link, plain, took};
use super::{JobStory, Message, View};

/// Characters of a commit's message, of a branch, of a name, and of what went wrong.
const SAID: usize = 72;
const REF: usize = 60;
const NAME: usize = 40;
const WRONG: usize = 240;

/// Jobs of which it is told what went wrong.
const JOBS: usize = 3;

/// Notes of what people did by the message.
const NOTES: usize = 4;

impl View<'_> {
    /// The message at that length.
    pub(super) fn live(&self, length: Length) -> Message {
        let text = self.summary();
        if length == Length::Line {
            return Message { blocks: vec![section(&self.title(length))], text };
        }
        let mut blocks = vec![section(&self.title(length))];
        let failed = self.failures(length);
        if !failed.is_empty() {
            blocks.push(section(&failed.join("\n")));
        }
        blocks.extend(self.waiting());
        blocks.extend(self.deployed());
        if let (Style::Plan, Length::Full, Some(plan)) =
            (self.style, length, self.job_plan().filter(|_| self.is_open()))
        {
            blocks.push(plan);
        }
        blocks.push(context(&self.small_print(length)));
        let buttons = self.buttons();
        if !buttons.is_empty() {
            // Slack draws a block anew where its id is another.
            let id = format!("build:{}:actions:{}", self.story.id.number, self.story.seq);
            blocks.push(actions(&id, buttons));
        }
        Message { text, blocks }
    }

    pub(super) fn is_open(&self) -> bool {
        !self.story.status.is_terminal()
    }

    pub(super) fn name(&self) -> String {
        let id = &self.story.id;
        format!("{}/{} #{}", id.org, id.repo, id.number)
    }

    /// All of it in one line, without markup.
    fn summary(&self) -> String {
        let (story, name) = (self.story, self.name());
        let place = plain(&story.place(), REF);
        let on = if place.is_empty() { String::new() } else { format!(" on {place}") };
        let jobs =
            |jobs: Vec<&JobStory>| jobs.iter().take(JOBS).map(|job| job.id.to_string()).collect::<Vec<_>>().join(", ");
        let failed = jobs(story.failed().collect());
        let of = if failed.is_empty() { String::new() } else { format!(": {failed}") };
        match story.status {
            _ if self.red.is_some_and(|red| red.mended.is_some()) => format!("{name} failed{on}{of}; it is mended"),
            BuildStatus::Failure => format!("{name} FAILED{on}{of}"),
            BuildStatus::Error => format!("{name} BROKE{on}{of}"),
            BuildStatus::Canceled => format!("{name} canceled{on}"),
            BuildStatus::Success if self.on == Moment::Recovered => {
                format!("{}/{} {place} is green again (#{})", story.id.org, story.id.repo, story.id.number)
            }
            BuildStatus::Success | BuildStatus::Running if self.on == Moment::Deployed => {
                let sites: Vec<&str> =
                    story.deployed().filter_map(|job| job.environment.as_deref()).take(JOBS).collect();
                format!("{name} is deployed to {}{on}", plain(&sites.join(", "), REF))
            }
            BuildStatus::Success => format!("{name} succeeded{on}"),
            BuildStatus::Blocked => format!("Approval needed: {} of {name}", jobs(story.waiting().collect())),
            _ if story.is_bad() => format!("{name} is failing{on}{of}"),
            _ => format!("{name} running{on} ({}/{} jobs)", story.done(), story.jobs.len()),
        }
    }

    /// Which build, and of what.
    fn title(&self, length: Length) -> String {
        let story = self.story;
        let page = self.page(story.id.number);
        if story.status == BuildStatus::Success && self.on == Moment::Recovered {
            let number = link(&page, &format!("#{}", story.id.number));
            let repo = format!("{}/{}", story.id.org, story.id.repo);
            return format!(":large_green_circle: *{repo}* {} is green again — {number}", code(&story.place(), REF));
        }
        let sign = match story.status {
            BuildStatus::Success => ":large_green_circle:",
            BuildStatus::Failure | BuildStatus::Error => ":red_circle:",
            BuildStatus::Canceled => ":no_entry_sign:",
            BuildStatus::Blocked => ":raised_hand:",
            _ if story.is_bad() => ":red_circle:",
            BuildStatus::Running => ":large_blue_circle:",
            _ => ":white_circle:",
        };
        let mut title = format!("{sign} *{}*", link(&page, &self.name()));
        let place = story.place();
        if !place.is_empty() {
            title += &format!("  {}", code(&place, REF));
        }
        if length < Length::Brief {
            title += &self.commit();
        }
        title
    }

    /// The commit, with a link where its forge is known.
    fn commit(&self) -> String {
        let trigger = &self.story.trigger;
        let Some(git) = &trigger.git else { return String::new() };
        let mut told = String::new();
        if let Some(id) = git.commit_id.as_deref().filter(|id| id.len() >= 7 && id.is_ascii()) {
            let short = &id[..7];
            told += "  ";
            told += &match git.url.as_deref().and_then(|url| commit_page(url, id)) {
                Some(page) => link(&page, short),
                None => format!("`{}`", escape(short)),
            };
        }
        let request = trigger.pull_request.as_ref();
        let message = request.and_then(|request| request.title.as_deref()).or(git.message.as_deref());
        if let Some(message) = message.filter(|message| !message.trim().is_empty()) {
            told += &format!(" {}", line(message, SAID));
        }
        told
    }

    /// What went wrong in its jobs.
    fn failures(&self, length: Length) -> Vec<String> {
        let story = self.story;
        let failed: Vec<&JobStory> = story.failed().collect();
        let most = if length >= Length::Brief { 1 } else { JOBS };
        let mut told: Vec<String> = failed.iter().take(most).map(|job| self.failure(job, length)).collect();
        if failed.len() > most {
            told.push(format!("and {} more", failed.len() - most));
        }
        let is_bad = matches!(story.status, BuildStatus::Failure | BuildStatus::Error);
        if let (true, true, Some(message)) = (is_bad, failed.is_empty(), &story.message) {
            // The picture of an error in the script is for letters of one width.
            told.push(format!("> {}", line(message, WRONG)));
        }
        told
    }

    pub(super) fn failure(&self, job: &JobStory, length: Length) -> String {
        let mut told = format!("*{}* {}", line(job.id.as_str(), NAME), how(job));
        let Some(failure) = &job.failure else { return told };
        if let Some(test) = failure.tests.first() {
            told += &format!(" — {}", code(test, 100));
            match failure.tests.len() - 1 + failure.more {
                0 => {}
                1 => told += " + 1 more test",
                more => told += &format!(" + {more} more tests"),
            }
        }
        let from_log = || self.excerpts.get(job.id.as_str()).and_then(|excerpt| excerpt.line.clone());
        let said = failure.said.clone().or_else(from_log).or_else(|| failure.message.clone());
        match said {
            Some(said) if length < Length::Brief => told + &format!("\n> {}", line(&said, WRONG)),
            _ => told,
        }
    }

    /// By whom, how long, and what became of it.
    fn small_print(&self, length: Length) -> Vec<String> {
        let (story, mut pieces) = (self.story, Vec::new());
        if self.style == Style::Compact || !self.is_open() || length > Length::Full {
            let is_plain = story.status == BuildStatus::Success && self.on == Moment::Recovered;
            pieces.extend(self.job_line(length).filter(|_| !is_plain));
        }
        let mut words = Vec::new();
        if let Some(red) = self.red {
            words.push(self.red_words(red));
        }
        if let Some(who) = self.author.map(str::to_owned).or_else(|| who(self)) {
            words.push(format!("by {who}"));
        }
        if let Some(what) = cause(story.trigger.source, story.trigger.pull_request.is_some()) {
            words.push(what.into());
        }
        words.push(took(story.took()));
        pieces.push(words.join(" · "));
        let decided = story.jobs.iter().filter_map(|job| Some((job, job.decision.as_ref()?)));
        let mut notes: Vec<String> = decided
            .map(|(job, decision)| {
                let what = if decision.approved { "approved" } else { "rejected" };
                let who =
                    decision.actor.as_deref().map(|actor| format!(" by {}", line(actor, NAME))).unwrap_or_default();
                let why = decision.reason.as_deref().map(|why| format!(": {}", line(why, SAID))).unwrap_or_default();
                format!("{} {what}{who}{why}", code(job.id.as_str(), NAME))
            })
            .collect();
        if let Some(stopped) = &story.stopped {
            let who = stopped.actor.as_deref().map(|actor| format!(" by {}", line(actor, NAME))).unwrap_or_default();
            let why = stopped.reason.as_deref().map(|why| format!(": {}", line(why, SAID))).unwrap_or_default();
            notes.push(format!("canceled{who}{why}"));
        }
        if let Some(flaky) = self.flaky_words() {
            notes.push(flaky);
        }
        if let Some(who) = self.claimed {
            notes.push(format!(":eyes: {who} is on it"));
        }
        // A link that were cut would be none.
        let short = self.notes.iter().filter(|note| note.len() <= 600);
        notes.extend(short.cloned());
        if !notes.is_empty() && length < Length::Brief {
            let last = notes.len().saturating_sub(NOTES);
            pieces.push(notes[last..].join(" · "));
        }
        pieces
    }

    /// Tests that cannot be relied on.
    fn flaky_words(&self) -> Option<String> {
        let story = self.story;
        let within: Vec<&str> = story.flaky().collect();
        let (tests, how) = if within.is_empty() {
            let before: Vec<&str> = self.flaky.iter().map(String::as_str).collect();
            (before, "failed on this very commit before")
        } else {
            (within, "failed at first, and then did not")
        };
        let first = tests.first().filter(|_| story.status == BuildStatus::Success || !story.is_bad())?;
        let more = if tests.len() > 1 { format!(" + {} more", tests.len() - 1) } else { String::new() };
        Some(format!(":game_die: flaky: {}{more} {how}", code(first, 100)))
    }

    fn red_words(&self, red: super::Red) -> String {
        let story = self.story;
        match red.mended {
            Some((number, at)) => {
                let by = link(&self.page(number), &format!("#{number}"));
                format!(":white_check_mark: mended by {by} after {}", took(at - red.since))
            }
            None if story.status == BuildStatus::Success => {
                let builds = if red.builds == 1 { "1 build".into() } else { format!("{} builds", red.builds) };
                format!("red for {} · {builds}", took(story.time - red.since))
            }
            None if red.builds > 1 => {
                let first = link(&self.page(red.first), &format!("#{}", red.first));
                format!("red for {} builds, {}, since {first}", red.builds, took(story.time - red.since))
            }
            None => "broke now".into(),
        }
    }
}

/// How a job did not end well.
fn how(job: &JobStory) -> String {
    let Some(failure) = &job.failure else { return "failed".into() };
    match (failure.cause, failure.exit) {
        (Some(Cause::Timeout), _) => "took too long".into(),
        (Some(Cause::OutOfMemory), _) => "ran out of memory".into(),
        (Some(Cause::LogLimit), _) => "printed too much".into(),
        (Some(Cause::Image), _) => "failed: its image could not be had".into(),
        (Some(Cause::Service), _) => "failed: a service of it did not become ready".into(),
        (Some(Cause::Lost), _) => "broke: its worker is gone".into(),
        (Some(Cause::Infrastructure), _) => "broke, and not by its own fault".into(),
        (_, Some(exit)) => match &failure.line {
            Some(line) => format!("failed (exit {exit}) at {}", code(line, 60)),
            None => format!("failed (exit {exit})"),
        },
        _ => "failed".into(),
    }
}

fn who(view: &View<'_>) -> Option<String> {
    let trigger = &view.story.trigger;
    let author = trigger.git.as_ref().and_then(|git| git.author.as_deref());
    let name = trigger.actor.as_deref().or(author)?;
    (!name.is_empty()).then(|| line(name, NAME))
}

fn cause(source: Source, is_request: bool) -> Option<&'static str> {
    Some(match source {
        _ if is_request => "pull request",
        Source::GithubWebhook
        | Source::GithubApp
        | Source::GitlabWebhook
        | Source::BitbucketWebhook
        | Source::GiteaWebhook => "push",
        Source::Schedule => "schedule",
        Source::Poll => "push",
        Source::Build => "after another build",
        Source::Cli | Source::Api => return None,
    })
}

/// The page of a commit, where the address of its repository tells that of its forge.
fn commit_page(url: &str, commit: &str) -> Option<String> {
    let web = url.strip_prefix("https://").filter(|rest| !rest.contains('@') && rest.contains('/'))?;
    let is_hex = commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    let base = web.trim_end_matches('/').trim_end_matches(".git");
    let path = if base.starts_with("gitlab.") {
        "-/commit"
    } else if base.starts_with("bitbucket.") {
        "commits"
    } else {
        "commit"
    };
    is_hex.then(|| format!("https://{base}/{path}/{commit}"))
}
