//! What somebody may want to hear of a build.

use std::collections::BTreeSet;

use monkeyci_client::rest;
use tfplugin::{Choice, Field as _, Set, Value};

/// What happens to a build that somebody may want to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Moment {
    /// It failed or broke, and the one before it did not.
    Failed,
    /// It succeeded, and the one before it did not.
    Recovered,
    /// It failed or broke, as the one before it.
    #[choice("still-failing")]
    StillFailing,
    /// It succeeded.
    Succeeded,
    /// Its jobs begin.
    Started,
    /// A job of it waits for a person.
    Waiting,
    /// It was canceled.
    Canceled,
    /// A job of it ended well on an environment.
    Deployed,
}

/// What causes a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Choice)]
pub enum Occasion {
    /// A new commit of a branch.
    Push,
    /// A tag.
    Tag,
    /// A pull or merge request.
    #[choice("pull-request")]
    PullRequest,
    /// A schedule.
    Schedule,
    /// Another build that ended.
    Build,
    /// A person, or a program, that asked for it.
    Manual,
}

/// Each moment here and on the wire.
const MOMENTS: [(Moment, rest::Moment); 8] = [
    (Moment::Failed, rest::Moment::Failed),
    (Moment::Recovered, rest::Moment::Recovered),
    (Moment::StillFailing, rest::Moment::StillFailing),
    (Moment::Succeeded, rest::Moment::Succeeded),
    (Moment::Started, rest::Moment::Started),
    (Moment::Waiting, rest::Moment::Waiting),
    (Moment::Canceled, rest::Moment::Canceled),
    (Moment::Deployed, rest::Moment::Deployed),
];

/// Each occasion here and on the wire.
const OCCASIONS: [(Occasion, rest::Occasion); 6] = [
    (Occasion::Push, rest::Occasion::Push),
    (Occasion::Tag, rest::Occasion::Tag),
    (Occasion::PullRequest, rest::Occasion::PullRequest),
    (Occasion::Schedule, rest::Occasion::Schedule),
    (Occasion::Build, rest::Occasion::Build),
    (Occasion::Manual, rest::Occasion::Manual),
];

/// What is told where nothing is said, as an attribute has it.
pub(crate) fn usual() -> Value {
    told_moments(&rest::Moment::USUAL.into()).to_value()
}

/// The moments that the server is told.
pub(crate) fn moments(on: &Set<Moment>) -> BTreeSet<rest::Moment> {
    MOMENTS.iter().filter(|(moment, _)| on.0.contains(moment)).map(|(_, moment)| *moment).collect()
}

/// The moments that the server has.
pub(crate) fn told_moments(on: &BTreeSet<rest::Moment>) -> Set<Moment> {
    MOMENTS.iter().filter(|(_, moment)| on.contains(moment)).map(|(moment, _)| *moment).collect()
}

/// The occasions that the server is told.
pub(crate) fn occasions(events: Option<&Set<Occasion>>) -> BTreeSet<rest::Occasion> {
    let is_named = |occasion: &Occasion| events.is_some_and(|events| events.0.contains(occasion));
    OCCASIONS.iter().filter(|(occasion, _)| is_named(occasion)).map(|(_, occasion)| *occasion).collect()
}

/// The occasions that the server has.
pub(crate) fn told_occasions(own: Option<Set<Occasion>>, events: &BTreeSet<rest::Occasion>) -> Option<Set<Occasion>> {
    if events.is_empty() {
        return own.filter(|own| own.0.is_empty());
    }
    Some(OCCASIONS.iter().filter(|(_, occasion)| events.contains(occasion)).map(|(occasion, _)| *occasion).collect())
}
