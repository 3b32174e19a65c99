//! What people look at: how things stand, what was printed, what was saved.

use monkeyci_client::model::{BuildId, JobStatus};
use monkeyci_client::{ClientError, LogRef};
use monkeyci_grammar::{BuildName, List, Logs, Part, Subject};

use super::builds::in_a_line;
use super::{Answer, Asking, Refusal};
use crate::house::now;
use crate::message::block::{context, preformatted, section};
use crate::message::text::{clip, code, line, plain};
use crate::message::{Excerpt, Message, Story, View};
use crate::tell::line::{Line, Stand};
use crate::tell::{burst, line_key, roundup};

/// Builds that a list shows where nothing else is said.
const LIST: usize = 10;

/// Builds that are looked through for those that are wanted.
const THROUGH: usize = 200;

/// Bytes of a log that are looked through.
const LOG: u64 = 4 * 1024 * 1024;

/// Characters of a log in an answer.
const SHOWN: usize = 2800;

/// Artifacts that are listed.
const ARTIFACTS: usize = 20;

impl Asking<'_> {
    /// How things stand here, and what may be said.
    pub(super) async fn overview(&self) -> Result<Answer, Refusal> {
        if let Some(here) = self.here().await {
            return self.shown(&here, false).await;
        }
        let channel = self.house.channel(&self.by.place).await?;
        let hint = format!("`{0} run` begins a build, `{0} help` says what else there is.", self.house.command);
        let Some(repo) = channel.repo.as_deref().and_then(|repo| repo.rsplit('/').next()) else {
            return Ok(Answer::said(&format!("This channel has no repository of its own yet. {hint}")));
        };
        let mut answer = self.newest(repo, false).await?;
        answer.message.blocks.push(context(&[hint]));
        Ok(answer)
    }

    /// How something stands.
    pub(super) async fn status(&self, of: Subject, public: bool) -> Result<Answer, Refusal> {
        match of {
            Subject::Build(named) => {
                let (id, _) = self.build(Some(&named)).await?;
                self.shown(&id, public).await
            }
            Subject::Repo(name) => self.newest(&self.repo(Some(&name)).await?, public).await,
            Subject::Here => match self.here().await {
                Some(id) => self.shown(&id, public).await,
                None => self.newest(&self.repo(None).await?, public).await,
            },
        }
    }

    /// The newest build of each branch that is built.
    async fn newest(&self, repo: &str, public: bool) -> Result<Answer, Refusal> {
        let found = self.at(repo).get().await?;
        let main = found.branches.get_key_value(&found.body.default_branch);
        let others = found.branches.iter().filter(|(name, _)| **name != found.body.default_branch);
        let mut branches: Vec<_> = others.collect();
        branches.sort_by_key(|(_, branch)| std::cmp::Reverse(branch.created));
        let lines: Vec<String> = main
            .into_iter()
            .chain(branches)
            .take(8)
            .map(|(name, branch)| {
                let id = BuildId::new(found.org.clone(), found.id.clone(), branch.number);
                format!(
                    "{} {}  {} {}",
                    super::builds::sign(branch.status),
                    self.named(&id),
                    code(name, 40),
                    branch.status
                )
            })
            .collect();
        let head = format!("*{}/{}*", found.org, found.id);
        let words = if lines.is_empty() {
            format!("{head} has no build yet.")
        } else {
            format!("{head}\n{}", lines.join("\n"))
        };
        Ok(Answer::told(Message::said(&format!("How {}/{} stands", found.org, found.id), &words), public))
    }

    /// A build, drawn as its message is.
    async fn shown(&self, id: &BuildId, public: bool) -> Result<Answer, Refusal> {
        // As whoever asks: they may not see every build.
        let events = self.at(id.repo.as_str()).build(id.number).history().all().await?;
        let mut story = Story::new(id.clone());
        events.iter().for_each(|event| story.apply(event));
        Ok(Answer::told(View::of(&story, self.client.url()).message(), public))
    }

    /// The newest builds.
    pub(super) async fn list(&self, list: List) -> Result<Answer, Refusal> {
        let repo = self.repo(list.repo.as_ref()).await?;
        let status = list.status.and_then(|status| serde_json::from_value(status.into()).ok());
        let me = if list.mine { Some(self.client.me().await?.name) } else { None };
        let limit = list.limit.unwrap_or(LIST);
        let through = if me.is_some() { THROUGH } else { limit };
        let builds = self.at(&repo).builds(status, list.branch.as_deref()).first(through).await?;
        let since = list.since.map(|span| now() - i64::try_from(span.seconds).unwrap_or(i64::MAX / 1000) * 1000);
        let wanted =
            builds.iter().filter(|build| me.as_ref().is_none_or(|me| build.trigger.actor.as_ref() == Some(me)));
        let wanted = wanted.filter(|build| since.is_none_or(|since| build.created >= since));
        let lines: Vec<String> = wanted.take(limit).map(|build| in_a_line(self, build)).collect();
        let words = if lines.is_empty() { format!("No such builds of {}.", code(&repo, 60)) } else { lines.join("\n") };
        Ok(Answer::told(Message::said(&format!("Builds of {}", plain(&repo, 60)), &clip(&words, 3000)), list.public))
    }

    /// What a job printed.
    pub(super) async fn logs(&self, logs: Logs) -> Result<Answer, Refusal> {
        let (id, build) = self.build(logs.build.as_ref()).await?;
        let detail = build.get().await?;
        let is_bad = |status| matches!(status, JobStatus::Failure | JobStatus::Error);
        let found = match &logs.job {
            Some(name) => detail.jobs.iter().find(|job| job.job.id.as_str() == name),
            None => detail
                .jobs
                .iter()
                .find(|job| is_bad(job.status))
                .or_else(|| detail.jobs.iter().rfind(|job| job.attempt > 0)),
        };
        let Some(job) = found else {
            let names: Vec<String> = detail.jobs.iter().take(20).map(|job| code(job.job.id.as_str(), 40)).collect();
            let what = logs.job.map_or("job that has run".into(), |name| format!("job {}", code(&name, 40)));
            return Err(Refusal::Told(format!("{} has no {what}. Its jobs: {}", self.named(&id), names.join(", "))));
        };
        let name = job.job.id.as_str();
        if job.attempt == 0 {
            return Err(Refusal::Told(format!("{} of {} has not run yet.", code(name, 40), self.named(&id))));
        }
        let log = build.job(name).attempt(job.attempt).log();
        let size = job.result.as_ref().and_then(|result| result.log_bytes);
        let (what, shown) = part(&log, size, &logs.part).await?;
        let head = format!("{} of {} · {what}", code(name, 40), self.named(&id));
        let blocks = if shown.is_empty() { vec![section(&head)] } else { vec![section(&head), preformatted(&shown)] };
        let text = format!("{} of #{}", plain(name, 40), id.number);
        Ok(Answer::told(Message { text, blocks }, logs.public))
    }

    /// What a build has saved.
    pub(super) async fn artifacts(&self, named: Option<BuildName>) -> Result<Answer, Refusal> {
        let (id, build) = self.build(named.as_ref()).await?;
        let found = build.artifacts().first(ARTIFACTS).await?;
        if found.is_empty() {
            return Ok(Answer::said(&format!("{} has saved nothing.", self.named(&id))));
        }
        let lines = found.iter().map(|one| {
            let url = format!(
                "{}/v1/orgs/{}/repos/{}/builds/{}/artifacts/{}",
                self.client.url(),
                id.org,
                id.repo,
                id.number,
                one.id
            );
            let name = crate::message::text::link(&url, &line(&one.id, 60));
            format!(
                "• {name}  {} of {} · {} KB",
                code(&one.path, 60),
                code(one.job.as_str(), 40),
                one.size.div_ceil(1024)
            )
        });
        let words = format!("*{}* has saved\n{}", self.named(&id), lines.collect::<Vec<_>>().join("\n"));
        Ok(Answer::said(&clip(&words, 3000)))
    }

    /// Why this channel is told of a build, or is not.
    pub(super) async fn why(&self, named: Option<BuildName>) -> Result<Answer, Refusal> {
        let (id, build) = self.build(named.as_ref()).await?;
        let detail = build.get().await?;
        let mut story = Story::new(id.clone());
        story.trigger = (*detail.build.trigger).clone();
        let key = line_key(id.repo.as_str(), &story.line());
        let line_of = self.house.shelf.read::<Line>(&key).await?.map(|(line, _)| line).unwrap_or_default();
        let mut words = Vec::new();
        if let Some(post) = line_of.post(&self.by.place, id.number) {
            let why = line(&post.why, 300);
            words.push(match post.subscription.as_str() {
                "" => format!(
                    "{} is told to you alone: {why}. `{} settings direct:off` ends that.",
                    self.named(&id),
                    self.house.command
                ),
                name => format!("{} is told here by the subscription {}: {why}.", self.named(&id), code(name, 60)),
            });
            words.extend(why_together(&post.stand));
            if let Some(time) = post.not_before.filter(|time| *time > now()) {
                let when = format!("<!date^{}^{{time}}|later>", time / 1000);
                words.push(format!("It is quiet here now: it is told at {when}, unless it is mended by then."));
            }
            if post.begun != id.number {
                words.push(format!(
                    "Builds that fail one after the other have one message together; this one began with #{}.",
                    post.begun
                ));
            }
        } else {
            words.push(format!("{} is not told here.", self.named(&id)));
            let matches = build.subscriptions(None).await?;
            for found in matches {
                let Some(to) = &found.to else { continue };
                if self.house.place_of(to).await?.is_some_and(|(place, _)| place == self.by.place) {
                    words.push(format!("• {}: {}", code(&found.subscription, 60), line(&found.why, 300)));
                }
            }
        }
        let channel = self.house.channel(&self.by.place).await?;
        let (place, actor) = (story.place(), story.trigger.actor.clone().unwrap_or_default());
        let of = crate::tell::channel::Of { repo: id.repo.as_str(), place: &place, actor: &actor };
        if let Some(silence) = channel.silence(of, now()) {
            words.push(format!(
                "It is muted here{}: `{} unmute` ends that.",
                if silence.by.is_empty() { String::new() } else { format!(" by <@{}>", silence.by) },
                self.house.command
            ));
        }
        Ok(Answer::said(&words.join("\n")))
    }
}

/// Why a message does not stand by itself, where it does not.
fn why_together(stand: &Stand) -> Option<String> {
    match stand {
        Stand::Together { key } => {
            let at = roundup::Key::of(key)?;
            Some(match at.subscription {
                Some(_) => "That subscription has a `digest`: what it wants is told in sum, at its time.".into(),
                None => format!(
                    "More than {} messages came here within 5 minutes, and so it is told together with others.",
                    burst::MANY
                ),
            })
        }
        Stand::Silent { why } => Some(format!("It does not stand here: {}.", line(why, 200))),
        _ => None,
    }
}

/// A part of a log, and what it is.
async fn part(log: &LogRef, size: Option<u64>, part: &Part) -> Result<(String, String), ClientError> {
    let size = match size {
        Some(size) => size,
        // While it runs nobody knows yet.
        None => {
            let begin = log.read(0, LOG).await?;
            begin.len() as u64
        }
    };
    let from = match part {
        Part::Lines(..) => 0,
        Part::Tail(_) => size.saturating_sub(256 * 1024),
        Part::Grep(_) => size.saturating_sub(LOG),
    };
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < LOG {
        let piece = log.read(from + bytes.len() as u64, 1024 * 1024).await?;
        if piece.is_empty() {
            break;
        }
        bytes.extend_from_slice(&piece);
    }
    let excerpt = |most: usize| Excerpt::of(&bytes, from, most);
    Ok(match part {
        Part::Tail(most) => {
            let excerpt = excerpt(*most);
            (format!("last {} lines (secrets masked)", excerpt.shown), excerpt.tail)
        }
        Part::Grep(wanted) => {
            let text = String::from_utf8_lossy(&bytes);
            let found: Vec<&str> = text.lines().filter(|line| line.contains(wanted.as_str())).collect();
            let shown = found.iter().rev().take(50).rev().copied().collect::<Vec<_>>().join("\n");
            let excerpt = Excerpt::of(shown.as_bytes(), 0, 50);
            (format!("{} lines with {}", found.len(), code(wanted, 60)), excerpt.tail)
        }
        Part::Lines(first, last) => {
            let text = String::from_utf8_lossy(&bytes);
            let wanted: Vec<&str> = text.lines().skip(first - 1).take(last - first + 1).collect();
            let shown = Excerpt::of(clip(&wanted.join("\n"), SHOWN).as_bytes(), 0, wanted.len()).tail;
            (format!("lines {first} to {}", first + wanted.len().saturating_sub(1)), shown)
        }
    })
}
