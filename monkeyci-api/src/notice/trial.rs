//! Telling a subscriber something that has not happened, so that people see whether it comes.

use monkeyci_core::model::trigger::{Git, Source};
use monkeyci_core::model::{BuildStatus, Trigger};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::notice::Told;
use monkeyci_rest::{Build, Moment};

use super::addressee::verified;
use super::follow::{note, of};
use crate::state::{State, now};
use crate::table::subscription::SubscriptionRow;

/// Notes a test for a subscriber, as somebody asks for it, who stands for the author of the commit and for who caused the
/// build. Returns the ids of the notices: none where nobody would be told.
///
/// # Errors
/// When it cannot be written.
pub fn test(sql: &mut dyn Sql, state: &State, row: &SubscriptionRow, who: &str) -> Result<Vec<String>, StoreError> {
    if row.body.to.is_elsewhere() {
        return Ok(Vec::new());
    }
    let time = now();
    let git = Git {
        reference: Some("refs/heads/main".into()),
        commit_id: Some("0".repeat(40)),
        message: Some("An example of a commit".into()),
        author: Some(who.to_owned()),
        author_email: verified(sql, who)?,
        ..Git::default()
    };
    let trigger = Trigger { source: Source::Api, actor: Some(who.to_owned()), git: Some(git), ..Trigger::default() };
    let build = Build {
        org: row.org.clone(),
        repo: "example".parse().expect("an id"),
        number: 1,
        status: BuildStatus::Failure,
        message: None,
        trigger: Box::new(trigger.clone()),
        created: time,
        ended: Some(time),
        events: 0,
    };
    let told = Told {
        on: row.body.on.first().copied().unwrap_or(Moment::Failed),
        subscription: row.name.clone(),
        time,
        url: format!("{}/o/{}", state.url, row.org),
        build,
        jobs: vec!["example".into()],
        test: true,
    };
    // No event has such a position, nor has another test.
    let news = of(sql, state, row, &trigger, -time, &told)?;
    news.iter().map(|one| note(sql, one)).collect()
}
