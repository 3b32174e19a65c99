//! Who caused a build.

use monkeyci_core::model::Trigger;
use monkeyci_core::model::trigger::Source;
use monkeyci_core::store::{Sql, StoreError};

use crate::sign_in::Providers;
use crate::sign_in::settings::Kind;
use crate::table::identity;

/// Who is known here of those who caused a build.
///
/// # Errors
/// When it cannot be read.
pub fn who_caused(sql: &mut dyn Sql, providers: &Providers, trigger: &Trigger) -> Result<Option<String>, StoreError> {
    let Some(actor) = &trigger.actor else { return Ok(None) };
    let kinds: &[Kind] = match trigger.source {
        Source::Api | Source::Cli => return Ok(Some(actor.clone())),
        Source::GithubWebhook | Source::GithubApp => &[Kind::Github],
        Source::GitlabWebhook => &[Kind::Gitlab],
        Source::GiteaWebhook => &[Kind::Gitea, Kind::Forgejo],
        // Bitbucket tells no name that stays.
        _ => return Ok(None),
    };
    for settings in providers.all().filter(|settings| kinds.contains(&settings.kind)) {
        if let Some(person) = identity::called(sql, &settings.id, actor)? {
            return Ok(Some(person));
        }
    }
    Ok(None)
}
