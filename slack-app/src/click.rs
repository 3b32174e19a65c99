//! Buttons. Each works for whoever may, says so to whoever may not, and does once what is pressed twice.

use monkeyci_client::ClientError;
use monkeyci_client::model::BuildId;
use monkeyci_grammar::{Muted, Span, Until};

use crate::app::App;
use crate::command::{Answer, Asking, Refusal, Target, target_of};
use crate::house::now;
use crate::message::text::{code, link};
use crate::modal;
use crate::receive::payload::Click;
use crate::tell::line::Line;

/// Seconds in which the same is not done again.
const TWICE: u32 = 60;

/// Seconds that what is kept of a ref lives after a change.
const KEPT: u32 = crate::tell::KEPT;

/// Does what a button says. Once for each `id`, also where the one who began it died.
///
/// # Errors
/// Why it was not done.
pub async fn act(app: &App, click: &Click, id: &str) -> Result<Option<Answer>, Refusal> {
    let answer = pressed(app, click, id).await?;
    if click.view.as_ref().is_some_and(|view| view.is_home) {
        // What waited for them waits no more.
        crate::home::opened(&app.house, &click.by.place.team, &click.by.user).await?;
    }
    Ok(answer)
}

async fn pressed(app: &App, click: &Click, letter: &str) -> Result<Option<Answer>, Refusal> {
    // A menu says what and to what in one.
    let (action, value) = match click.action.as_str() {
        "build.more" => click.value.split_once(' ').unwrap_or((click.value.as_str(), "")),
        action => (action, click.value.as_str()),
    };
    let asking = Asking::new(&app.house, &click.by, click.message.as_deref())?.once(letter)?;
    if action == "home.run" {
        let view = modal::run(&asking, &click.by.user, None, None).await;
        return with_trigger(app, click, &view).await;
    }
    let old = || Refusal::Told("This button is of a message that is too old, or of another MonkeyCI.".into());
    let target = Target::of(value).filter(|target| target.build.org.as_str() == app.house.org).ok_or_else(old)?;
    let id = &target.build;
    let build = asking.client.org(&id.org).repo(&id.repo).build(id.number);
    match action {
        "build.cancel" => build.cancel(None).await.map(drop)?,
        "build.retry_failed" | "retry_all" => {
            let all = action == "retry_all";
            if !app.is_first(&format!("{value}/{action}"), letter).await? {
                return Ok(Some(Answer::said("It is being done again already.")));
            }
            let again = match build.retry(!all).await {
                Ok(again) => again.build,
                Err(error) => {
                    app.may_again(&format!("{value}/{action}")).await;
                    return Err(error.into());
                }
            };
            let page = format!("{}/o/{}/r/{}/b/{}", asking.client.url(), again.org, again.repo, again.number);
            let note = format!("<@{}> began {}", click.by.user, link(&page, &format!("#{}", again.number)));
            if !app.note(click, |post| post.note(note.clone())).await? {
                return Ok(Some(Answer::said(&format!(":arrows_counterclockwise: {note}."))));
            }
        }
        "build.retry_job" => {
            let job = target.job.as_deref().and_then(|job| job.parse().ok()).ok_or_else(old)?;
            if !app.is_first(&format!("{value}/{action}"), letter).await? {
                return Ok(Some(Answer::said("It is being done again already.")));
            }
            let again = match build.retry_job(&job).await {
                Ok(again) => again.build,
                Err(error) => {
                    app.may_again(&format!("{value}/{action}")).await;
                    return Err(error.into());
                }
            };
            let page = format!("{}/o/{}/r/{}/b/{}", asking.client.url(), again.org, again.repo, again.number);
            let what = link(&page, &format!("#{}", again.number));
            let words = format!(
                ":arrows_counterclockwise: <@{}> does {} again: {what}.",
                click.by.user,
                code(job.as_str(), 40)
            );
            return Ok(Some(Answer { public: true, ..Answer::said(&words) }));
        }
        "build.claim" => {
            asking.client.me().await?;
            let who = format!("<@{}>", click.by.user);
            app.note(click, |post| post.claimed = Some(who.clone())).await?;
        }
        "approval.approve" => {
            let job = target.job.as_deref().ok_or_else(old)?;
            build.job(job).approve(None).await?;
        }
        "approval.reject" => {
            let job = target.job.as_deref().ok_or_else(old)?;
            let view = modal::reject(&click.by.place.channel, value, id, job);
            return with_trigger(app, click, &view).await;
        }
        "rerun" => {
            // Only what they may see stands in the form.
            let detail = build.get().await?;
            let channel = &click.by.place.channel;
            let view = modal::run(&asking, channel, Some(id.repo.as_str()), Some(&detail.build)).await;
            return with_trigger(app, click, &view).await;
        }
        "mute" => {
            let detail = build.get().await?;
            let trigger = &detail.build.trigger;
            let branch = trigger.branch().or_else(|| trigger.tag()).map(str::to_owned);
            let branch = branch.or_else(|| Some(format!("pull/{}", trigger.pull_request.as_ref()?.number)));
            let branch = branch.ok_or_else(old)?;
            let until = Until::Span(Span { seconds: 24 * 60 * 60 });
            let (of, user) = (Muted::Branch(globset::escape(&branch)), click.by.user.clone());
            app.house.change_channel(&click.by.place, |channel| channel.mute(&of, until, &user, now())).await?;
            let words = format!(
                ":mute: <@{}> muted {} here for a day. `{} unmute` ends that.",
                click.by.user,
                code(&branch, 60),
                app.house.command
            );
            return Ok(Some(Answer { public: true, ..Answer::said(&words) }));
        }
        "why" => {
            let named = monkeyci_grammar::BuildName::of(&format!("{}/{}#{}", id.org, id.repo, id.number));
            return asking.command(monkeyci_grammar::Command::Why { build: named }).await.map(Some);
        }
        _ => return Err(old()),
    }
    Ok(None)
}

async fn with_trigger(app: &App, click: &Click, view: &serde_json::Value) -> Result<Option<Answer>, Refusal> {
    let none = || Refusal::Told("Slack did not say how to open the form; try again.".into());
    let trigger = click.trigger.as_deref().ok_or_else(none)?;
    app.open(&click.by, trigger, view).await.map(|()| None)
}

impl App {
    /// Whether something is done for the first time lately, or was begun by the same letter.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn is_first(&self, what: &str, letter: &str) -> Result<bool, ClientError> {
        let key = format!("done/{what}");
        match self.house.shelf.write(&key, &letter, None, Some(TWICE)).await {
            Ok(_) => Ok(true),
            Err(ClientError::Conflict(_)) => {
                let there = self.house.shelf.read::<String>(&key).await?;
                Ok(there.is_some_and(|(there, _)| there == letter))
            }
            Err(error) => Err(error),
        }
    }

    /// Lets something be done again that was not done.
    async fn may_again(&self, what: &str) {
        if let Err(error) = self.house.shelf.forget(&format!("done/{what}")).await {
            tracing::warn!(%error, "a button waits a minute");
        }
    }

    /// Changes what is kept of the message that a button is on, and has it drawn anew. Says whether there is one.
    async fn note(
        &self,
        click: &Click,
        mut change: impl FnMut(&mut crate::tell::line::Post),
    ) -> Result<bool, ClientError> {
        let Some(ts) = click.message.as_deref() else { return Ok(false) };
        let found: Option<(BuildId, String)> = target_of(&self.house, &click.by.place, ts).await;
        let Some((_, key)) = found else { return Ok(false) };
        let change = |line: &mut Line| {
            if let Some(post) = line.post_at(&click.by.place, ts) {
                change(post);
            }
        };
        self.house.shelf.change(&key, KEPT, change).await?;
        self.house.wake.wake(key);
        Ok(true)
    }
}
