//! Which builds a job belongs to.

use monkeyci_model::Trigger;
use monkeyci_model::trigger::Source;

use super::convert::keys::CONDITION;
use super::convert::{Context, Fields, scalar};
use super::node::{Node, Scalar, Value};
use super::pattern::Of;
use super::problems::Flaw;

/// Words for what caused a build: MonkeyCI's sources, and groups of them.
const EVENTS: &[(&str, Event)] = &[
    ("push", Event::Push),
    ("pull-request", Event::PullRequest),
    ("manual", Event::Of(&[Source::Cli, Source::Api])),
    ("schedule", Event::Of(&[Source::Schedule])),
    ("build", Event::Of(&[Source::Build])),
    ("cli", Event::Of(&[Source::Cli])),
    ("api", Event::Of(&[Source::Api])),
    ("poll", Event::Of(&[Source::Poll])),
    ("github-webhook", Event::Of(&[Source::GithubWebhook])),
    ("github-app", Event::Of(&[Source::GithubApp])),
    ("gitlab-webhook", Event::Of(&[Source::GitlabWebhook])),
    ("bitbucket-webhook", Event::Of(&[Source::BitbucketWebhook])),
    ("gitea-webhook", Event::Of(&[Source::GiteaWebhook])),
];

/// What may have caused a build.
#[derive(Clone, Copy)]
enum Event {
    /// A new commit of a branch, or a tag.
    Push,
    /// A pull request, which comes by the same webhooks.
    PullRequest,
    /// One of these sources.
    Of(&'static [Source]),
}

impl Event {
    fn caused(self, trigger: &Trigger) -> bool {
        match self {
            Self::Push => trigger.pull_request.is_none() && PUSH.contains(&trigger.source),
            Self::PullRequest => trigger.pull_request.is_some(),
            Self::Of(sources) => sources.contains(&trigger.source),
        }
    }
}

/// Those by which a new commit is heard of.
const PUSH: &[Source] = &[
    Source::GithubWebhook,
    Source::GithubApp,
    Source::GitlabWebhook,
    Source::BitbucketWebhook,
    Source::GiteaWebhook,
    Source::Poll,
];

/// Whether a condition, or one of a list of them, holds for the build. What cannot be read holds, and is reported.
pub(super) fn holds(node: &Node, cx: &mut Context<'_, '_>) -> bool {
    Check { unknown: true }.any(node, cx)
}

/// How one condition is checked.
#[derive(Clone, Copy)]
struct Check {
    /// What a condition on changes says when these are not known: within `not` it is turned round, so that the job
    /// runs either way.
    unknown: bool,
}

impl Check {
    fn any(self, node: &Node, cx: &mut Context<'_, '_>) -> bool {
        // Each is checked, so that flaws of all of them are reported.
        let held: Vec<bool> = node.items().iter().map(|item| self.all(item, cx)).collect();
        if held.is_empty() {
            cx.problems.add(Flaw::new(node.span, "no condition is listed"));
        }
        held.contains(&true)
    }

    fn all(self, node: &Node, cx: &mut Context<'_, '_>) -> bool {
        let Some(fields) = Fields::read(node, "a condition", &[CONDITION], |_| false, cx) else { return true };
        let trigger = cx.trigger;
        let mut holds = true;
        if let Some(node) = fields.get("branch") {
            holds &= fits(node, Of::Branch, cx);
        }
        if let Some(node) = fields.get("main-branch") {
            let main = trigger.git.as_ref().and_then(|git| git.main_branch.as_deref()).unwrap_or("main");
            holds &= scalar::truth(node, "true or false", cx) == (trigger.branch() == Some(main));
        }
        if let Some(node) = fields.get("tag") {
            holds &= named(node, Of::Tag, trigger.tag().is_some(), cx);
        }
        if let Some(node) = fields.get("target") {
            holds &= named(node, Of::Target, trigger.pull_request.is_some(), cx);
        }
        if let Some(node) = fields.get("paths") {
            holds &= self.touched(node, cx);
        }
        if let Some(node) = fields.get("event") {
            holds &= caused(node, cx);
        }
        if let Some(node) = fields.get("fork") {
            holds &= scalar::truth(node, "true or false", cx) == trigger.fork;
        }
        if let Some(node) = fields.get("not") {
            holds &= !Self { unknown: !self.unknown }.any(node, cx);
        }
        holds
    }

    fn touched(self, node: &Node, cx: &mut Context<'_, '_>) -> bool {
        let fits = fits(node, Of::Paths, cx);
        if cx.trigger.changes.is_some() {
            return fits;
        }
        cx.problems
            .warn("which files changed is not known for this build: jobs with a condition on `paths` run".into());
        self.unknown
    }
}

/// Whether the name is there as is wanted, or fits one of the patterns.
fn named(node: &Node, of: Of, is_there: bool, cx: &mut Context<'_, '_>) -> bool {
    match &node.value {
        Value::Scalar(Scalar::Bool(wanted), _) => *wanted == is_there,
        _ => fits(node, of, cx),
    }
}

/// Whether one of these names fits one of the patterns.
fn fits(node: &Node, of: Of, cx: &mut Context<'_, '_>) -> bool {
    let mut fits = false;
    for item in node.items() {
        let Some(text) = scalar::text(item, "a pattern", cx) else { continue };
        match cx.patterns.fit(text, of, cx.trigger) {
            Ok(fit) => fits |= fit,
            Err(why) => cx.problems.add(Flaw::new(item.span, why)),
        }
    }
    fits
}

fn caused(node: &Node, cx: &mut Context<'_, '_>) -> bool {
    let events = node.items().iter().filter_map(|item| scalar::choice(item, "an event", EVENTS, cx));
    let events: Vec<Event> = events.collect();
    events.iter().any(|event| event.caused(cx.trigger))
}
