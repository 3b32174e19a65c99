//! What causes builds from outside: webhooks of forges, and schedules. Nothing here does I/O or looks at a clock.
//!
//! A delivery is [verified](verify) on its raw body, [read](read()) into what it says, and each [`Change`] that it
//! tells of becomes a [`Trigger`](monkeyci_model::Trigger), unless a commit asks to be [skipped](Change::skip):
//!
//! ```
//! use monkeyci_core::trigger::{self, Forge, Heard};
//!
//! # let mut headers = http::HeaderMap::new();
//! # headers.insert("X-Gitlab-Token", "the secret".parse()?);
//! # let body = br#"{"object_kind": "push", "ref": "refs/heads/main", "project": {"path_with_namespace": "acme/web"},
//! #   "before": "0123456789abcdef0123456789abcdef01234567", "after": "89abcdef0123456789abcdef0123456789abcdef"}"#;
//! # let (now, mut builds) = (0, 0);
//! trigger::verify(Forge::GitLab, &["the secret"], &headers, body, now)?;
//! if let Heard::Changes(changes) = trigger::read(Forge::GitLab, &headers, body)? {
//!     for change in changes.iter().filter(|change| change.skip().is_none()) {
//!         if let Some(trigger) = change.trigger() {
//!             assert_eq!(trigger.branch(), Some("main"));
//!             # builds += 1;
//!         }
//!     }
//! }
//! # assert_eq!(builds, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Two deliveries may tell of the same thing: one that is sent again has the same [`delivery_id`], and what two hooks
//! tell of has the same [`meaning`](Change::meaning).
//!
//! A new forge is one file with a `read`, and a line in [`read`](read()).

mod body;
mod change;
mod check;
mod cron;
mod files;
mod forge;
mod gone;
mod header;
mod heard;
mod list;
mod push_option;
mod pushed_commit;
mod queued;
mod schedule;
mod signature;
mod skip;

mod bitbucket;
mod bitbucket_server;
mod gitea;
mod github;
mod gitlab;

#[cfg(test)]
mod tests;

pub use change::{Action, Change, Commit, Kind, PullRequest, Repository};
pub use cron::InvalidCron;
pub use forge::{Forge, UnknownForge};
pub use gone::Gone;
pub use heard::{Heard, Unreadable};
pub use queued::Queued;
pub use schedule::{InvalidSchedule, Schedule};
pub use signature::{Refusal, verify};
pub use skip::skip_marker;

use http::HeaderMap;

/// What a delivery says. It is believed: [`verify`] comes first.
///
/// # Errors
/// When it is not what this forge sends. Of an event that builds nothing only the name is read.
pub fn read(forge: Forge, headers: &HeaderMap, body: &[u8]) -> Result<Heard, Unreadable> {
    match forge {
        Forge::GitHub => github::read(headers, body),
        Forge::GitLab => gitlab::read(headers, body),
        Forge::Bitbucket => bitbucket::read(headers, body),
        Forge::BitbucketServer => bitbucket_server::read(headers, body),
        Forge::Gitea | Forge::Forgejo => gitea::read(forge, headers, body),
    }
}

/// The id of a delivery, which is the same when it is sent again; none when the forge gives none that can be relied on.
#[must_use]
pub fn delivery_id(forge: Forge, headers: &HeaderMap) -> Option<String> {
    let names: &[&str] = match forge {
        Forge::GitHub => &["x-github-delivery"],
        // The uuid of its event is shared by what one request of a user or of a hook causes.
        Forge::GitLab => &["idempotency-key", "webhook-id"],
        Forge::Bitbucket => &["x-request-uuid"],
        Forge::BitbucketServer => &["x-request-id"],
        Forge::Gitea => &["x-gitea-delivery"],
        Forge::Forgejo => &["x-forgejo-delivery", "x-gitea-delivery"],
    };
    names.iter().find_map(|name| header::word(headers, name)).map(str::to_owned)
}
