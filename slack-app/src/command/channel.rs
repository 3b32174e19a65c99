//! What a channel is told, and how.

use monkeyci_client::ClientError;
use monkeyci_client::rest::{LabelFilters, Moment, Recipient, SlackStyle, Subscription, SubscriptionBody};
use monkeyci_grammar::{Mute, Muted, Settings, Subject, Subscribe, Thread, Weekday};
use serde_json::json;

use super::{Answer, Asking, Refusal};
use crate::house::now;
use crate::message::text::{code, escape};
use crate::place::Place;
use crate::tell::channel::Channel;
use crate::tell::direct::Person;

impl Asking<'_> {
    /// Tells the channel of builds. Whoever asks must be one who may have subscriptions.
    pub(super) async fn subscribe(&self, wanted: Subscribe) -> Result<Answer, Refusal> {
        let place = &self.by.place;
        let repo = match &wanted.repo {
            Some(name) => Some(self.repo(Some(name)).await?),
            None => None,
        };
        if let Some(repo) = &repo {
            // A repository that is not there is told of at once, and not by silence.
            self.at(repo).get().await?;
        }
        let body = body(place, repo.as_deref(), &wanted);
        let name = subscription_name(place, repo.as_deref(), &wanted.labels);
        let put = self.org().subscription(&name).put(&body).await?;
        let (_, set) = self
            .house
            .change_channel(place, |channel| {
                channel.broken = None;
                if channel.repo.is_none() {
                    channel.repo.clone_from(&repo);
                }
                channel.set(&wanted.settings)
            })
            .await?;
        set.map_err(Refusal::Told)?;
        let mut answer = Answer::said(&format!(":bell: This channel is told {}", describe(&put)));
        answer.public = true;
        Ok(answer)
    }

    /// Tells it no more.
    pub(super) async fn unsubscribe(
        &self,
        from: Option<Subject>,
        labels: &[(String, String)],
    ) -> Result<Answer, Refusal> {
        let repo = match &from {
            Some(Subject::Repo(name)) => Some(self.repo(Some(name)).await?),
            _ => None,
        };
        let mut removed = 0;
        for found in self.own_subscriptions().await? {
            let is_meant = match &repo {
                Some(repo) => found.body.repos == [repo.clone()],
                None if !labels.is_empty() => found.body.label_filters == filters(labels),
                None => true,
            };
            if is_meant {
                self.org().subscription(&found.name).delete().await?;
                removed += 1;
            }
        }
        let mut answer = Answer::said(&match removed {
            0 => format!(
                "This channel is told nothing of that. `{} subscriptions` says of what it is.",
                self.house.command
            ),
            1 => ":no_bell: This channel is told of that no more.".into(),
            many => format!(":no_bell: {many} subscriptions of this channel are removed."),
        });
        answer.public = removed > 0;
        Ok(answer)
    }

    /// What it is told.
    pub(super) async fn subscriptions(&self) -> Result<Answer, Refusal> {
        let found = self.own_subscriptions().await?;
        let channel = self.house.channel(&self.by.place).await?;
        let mut lines: Vec<String> = found.iter().map(|one| format!("• told {}", describe(one))).collect();
        if lines.is_empty() {
            lines.push(format!(
                "This channel is told nothing. `{} subscribe {}/web` changes that.",
                self.house.command, self.house.org
            ));
        }
        lines.extend(channel.mutes.iter().filter(|mute| mute.until > now()).map(|mute| {
            let until = format!("<!date^{}^{{date_short_pretty}} {{time}}|later>", mute.until / 1000);
            format!("• :mute: {} until {until}", escape(&format!("{} {}", mute.of, mute.which)))
        }));
        if let Some(why) = &channel.broken {
            lines.push(format!(
                ":warning: Slack took no message here: `{}`. Is the app in this channel? `/invite` it.",
                escape(why)
            ));
        }
        Ok(Answer::said(&lines.join("\n")))
    }

    async fn own_subscriptions(&self) -> Result<Vec<Subscription>, ClientError> {
        let mut own = Vec::new();
        for one in self.org().subscriptions().all().await? {
            if self.house.place_of(&one.body.to).await?.is_some_and(|(place, _)| place == self.by.place) {
                own.push(one);
            }
        }
        Ok(own)
    }

    /// Tells it nothing for a while.
    pub(super) async fn mute(&self, mute: &Mute) -> Result<Answer, Refusal> {
        // Who is nobody at MonkeyCI has nothing to say about what a channel is told.
        self.client.me().await?;
        let user = self.by.user.clone();
        let (_, until) = self
            .house
            .change_channel(&self.by.place, |channel| channel.mute(&mute.of, mute.until, &user, now()))
            .await?;
        let when = format!("<!date^{}^{{date_short_pretty}} {{time}}|later>", until / 1000);
        let mut answer = Answer::said(&format!(
            ":mute: <@{}> muted {} until {when}. What waits for approval is muted too.",
            self.by.user,
            named(&mute.of)
        ));
        answer.public = true;
        Ok(answer)
    }

    /// Tells it again.
    pub(super) async fn unmute(&self, of: &Muted) -> Result<Answer, Refusal> {
        self.client.me().await?;
        let (_, ended) = self.house.change_channel(&self.by.place, |channel| channel.unmute(of, now())).await?;
        let mut answer = Answer::said(&match ended {
            0 => format!("{} is not muted here.", named(of)),
            _ => format!(":speaker: <@{}> has this channel told of {} again.", self.by.user, named(of)),
        });
        answer.public = ended > 0;
        Ok(answer)
    }

    /// How it is told.
    pub(super) async fn settings(&self, settings: &Settings) -> Result<Answer, Refusal> {
        if settings.is_empty() {
            return Ok(Answer::said(&told(&self.house.channel(&self.by.place).await?)));
        }
        let me = self.client.me().await?;
        let mut only = settings.clone();
        if let Some(direct) = only.direct.take() {
            self.direct(&me.name, direct).await?;
            if only.is_empty() {
                let words = if direct {
                    ":bell: The app writes to you alone when what you caused fails."
                } else {
                    ":no_bell: The app writes to you no more when what you caused fails."
                };
                return Ok(Answer::said(words));
            }
        }
        if let Some(repo) = &settings.repo {
            self.at(&self.repo(Some(repo)).await?).get().await?;
        }
        let (channel, set) = self.house.change_channel(&self.by.place, |channel| channel.set(&only)).await?;
        set.map_err(Refusal::Told)?;
        let mut answer = Answer::said(&told(&channel));
        answer.public = true;
        Ok(answer)
    }
}

impl Asking<'_> {
    /// Whether somebody is told by themselves of what they broke.
    async fn direct(&self, name: &str, direct: bool) -> Result<(), Refusal> {
        let (team, user) = (&self.by.place.team, &self.by.user);
        let none = || Refusal::Told("The app is not installed in this workspace.".into());
        let workspace = self.house.workspaces.get(team).await?.ok_or_else(none)?;
        let slack = &self.house.slack;
        let known = slack.ask(&workspace.token, "users.info", &[("user", user)]).await;
        // Without it they are known by their name alone: what forges call them may be another.
        let mail = known.ok().and_then(|known| known["user"]["profile"]["email"].as_str().map(str::to_owned));
        if !direct {
            return Ok(self.house.tell_directly_no_more(name, mail.as_deref()).await?);
        }
        let opened = slack.call(&workspace.token, "conversations.open", &json!({ "users": user })).await;
        let channel = opened.map(|opened| opened["channel"]["id"].as_str().unwrap_or_default().to_owned());
        let channel = channel.map_err(|error| {
            tracing::warn!(%error, "nobody can be told by themselves");
            Refusal::Told(format!("Slack does not let the app write to you: {}", escape(&error.to_string())))
        })?;
        let person = Person { team: team.clone(), user: user.clone(), channel };
        Ok(self.house.tell_directly(&person, name, mail.as_deref()).await?)
    }
}

fn named(of: &Muted) -> String {
    match of {
        Muted::All => "everything".into(),
        Muted::Repo(repo) => code(&repo.to_string(), 60),
        Muted::Branch(glob) => format!("branches {}", code(glob, 60)),
        Muted::By(glob) => format!("what {} causes", code(glob, 60)),
    }
}

fn told(channel: &Channel) -> String {
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let thread = match channel.threads() {
        Thread::OnFailure => "on_failure",
        Thread::Always => "always",
        Thread::Off => "off",
    };
    let quiet = channel.quiet.map_or("off".into(), |(from, to)| format!("{}-{}", clock(from), clock(to)));
    let digest = channel.digest.map_or("off".into(), clock);
    let day = |day: u8| Weekday::ALL.get(usize::from(day)).map_or("off", |day| &day.as_str()[..3]);
    let report = channel.report.map_or("off".into(), |(at, time)| format!("{}-{}", day(at), clock(time)));
    format!(
        "`style:{}` `thread:{thread}` `lines:{}` `mention:{}` `quiet:{quiet}` `digest:{digest}` `report:{report}` `zone:{}` `repo:{}`",
        if channel.plan { "plan" } else { "compact" },
        channel.lines(),
        if channel.mention { "author" } else { "none" },
        escape(channel.zone.as_deref().unwrap_or("UTC")),
        escape(channel.repo.as_deref().unwrap_or("none")),
    )
}

fn body(place: &Place, repo: Option<&str>, wanted: &Subscribe) -> SubscriptionBody {
    SubscriptionBody {
        to: Recipient::Slack {
            workspace: place.team.clone(),
            channel: place.channel.clone(),
            style: SlackStyle::default(),
        },
        repos: repo.map(str::to_owned).into_iter().collect(),
        label_filters: filters(&wanted.labels),
        refs: wanted.refs.clone(),
        jobs: wanted.jobs.clone(),
        actors: wanted.actors.clone(),
        events: wanted.events.clone(),
        on: if wanted.on.is_empty() { Moment::USUAL.into() } else { wanted.on.clone() },
        paused: false,
    }
}

fn filters(labels: &[(String, String)]) -> LabelFilters {
    let all: std::collections::BTreeMap<&str, &str> =
        labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let filters = if all.is_empty() { serde_json::json!([]) } else { serde_json::json!([all]) };
    serde_json::from_value(filters).unwrap_or_default()
}

/// The name of the subscription of a channel to a repository: another one for each of them.
fn subscription_name(place: &Place, repo: Option<&str>, labels: &[(String, String)]) -> String {
    let of = repo.map_or_else(|| format!("{labels:?}"), str::to_owned);
    let hash = blake3::hash(format!("{place} {of}").as_bytes()).to_hex();
    let shown: String = repo.unwrap_or("labels").chars().take(40).collect();
    format!("slack-{shown}-{}", &hash[..10])
}

/// A subscription in words.
fn describe(one: &Subscription) -> String {
    let body = &one.body;
    let on: Vec<&str> = body.on.iter().map(|moment| moment.as_str()).collect();
    let mut words = format!("`{}` of ", on.join(", "));
    words += &match &body.repos[..] {
        [] if body.label_filters.is_empty() => "all repositories".into(),
        [] => "repositories with its labels".into(),
        repos => code(&repos.join(", "), 200),
    };
    for (what, globs) in [("on", &body.refs), ("for jobs", &body.jobs), ("by", &body.actors)] {
        if !globs.is_empty() {
            words += &format!(" {what} {}", code(&globs.join(", "), 200));
        }
    }
    if !body.events.is_empty() {
        let events: Vec<&str> = body.events.iter().map(|event| event.as_str()).collect();
        words += &format!(" after {}", events.join(", "));
    }
    if body.paused {
        words += " (paused)";
    }
    words + "."
}
