//! The same event is the same change, whichever forge tells of it.

use monkeyci_model::trigger::Source;
use proptest::prelude::*;

use super::event::{Act, Event, From, Target, event};
use super::render::deliveries;
use crate::trigger::{Change, Commit, Forge, Heard, Kind, read};

/// What this forge says of an event; none when it cannot tell of it.
fn heard(forge: Forge, event: &Event) -> Option<Vec<Change>> {
    let deliveries = deliveries(forge, event);
    if deliveries.is_empty() {
        return None;
    }
    let read = deliveries.iter().map(|(headers, body)| match read(forge, headers, body) {
        Ok(Heard::Changes(changes)) => changes,
        Ok(Heard::Nothing(_) | Heard::Ping) => vec![],
        Err(error) => panic!("{forge}: {error}: {}", String::from_utf8_lossy(body)),
    });
    Some(read.flatten().collect())
}

/// What is expected of a forge that tells everything, without what this one does not tell.
fn told(mut change: Change, event: &Event) -> Change {
    let forge = change.forge;
    let is_several = matches!(event, Event::Push(updates) if updates.len() > 1);
    let is_bitbucket = matches!(forge, Forge::Bitbucket | Forge::BitbucketServer);
    if let Kind::Push { forced, .. } = &mut change.kind
        && !matches!(forge, Forge::GitHub | Forge::Bitbucket)
    {
        *forced = None;
    }
    if let Kind::PullRequest(request) = &mut change.kind {
        if !matches!(forge, Forge::GitHub | Forge::GitLab | Forge::BitbucketServer) {
            request.before = None;
        }
        if forge == Forge::GitLab {
            request.base = None;
        } else {
            // Only GitLab tells more of the commit than its id.
            change.commit = Commit { id: change.commit.id, ..Commit::default() };
        }
        if is_bitbucket {
            request.labels.clear();
        }
        if forge == Forge::Bitbucket {
            change.commit = Commit::default();
            request.head.truncate(12);
            request.base.iter_mut().for_each(|base| base.truncate(12));
            request.head_url = request.head_url.take().map(|url| url.replace("git.example.com", "bitbucket.org"));
        }
    }
    if let Kind::Closed { head: Some(head), .. } = &mut change.kind
        && forge == Forge::Bitbucket
    {
        head.truncate(12);
    }
    if is_bitbucket {
        change.files = None;
    }
    if forge == Forge::BitbucketServer {
        change.repository.default_branch = None;
        if is_several {
            // Nothing but ids, and those of tags may be of their objects.
            let id = change.commit.id.take().filter(|_| matches!(change.kind, Kind::Push { .. }));
            change.commit = Commit { id, ..Commit::default() };
        }
    }
    if forge == Forge::Bitbucket {
        let repository = &mut change.repository;
        for url in [&mut repository.clone_url, &mut repository.ssh_url].into_iter().flatten() {
            *url = url.replace("git.example.com", "bitbucket.org");
        }
    }
    change
}

/// What is expected of this forge.
fn expected(forge: Forge, event: &Event) -> Vec<Change> {
    let changes: Vec<Change> = match event {
        Event::Push(updates) => updates
            .iter()
            .map(|update| {
                let mut change = update.change(forge);
                if let (Kind::Tag { after, .. }, Target::AnnotatedTag(commit)) = (&mut change.kind, &update.to)
                    && forge == Forge::Bitbucket
                {
                    after.clone_from(commit);
                }
                // Whether commits were taken away is not told, nor then what that changed.
                if update.forced && update.to == Target::Branch && forge != Forge::GitHub {
                    change.files = update.change_unless_forced(forge).files;
                }
                change
            })
            .collect(),
        Event::Request(request) if forge == Forge::Bitbucket && request.from == From::DeletedFork => {
            request.change(forge).filter(|_| matches!(request.act, Act::Merge | Act::Decline)).into_iter().collect()
        }
        Event::Request(request) => request.change(forge).into_iter().collect(),
        Event::Ping => vec![],
    };
    changes.into_iter().map(|change| told(change, event)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_same_event_is_the_same_change_from_every_forge(event in event()) {
        for forge in Forge::ALL {
            if let Some(heard) = heard(forge, &event) {
                prop_assert_eq!(&heard, &expected(forge, &event), "{}", forge);
            }
        }
    }

    #[test]
    fn what_is_built_is_the_same_whoever_tells(event in event()) {
        for forge in Forge::ALL {
            for change in heard(forge, &event).unwrap_or_default() {
                let trigger = change.trigger();
                let has_ended = matches!(change.kind, Kind::Deleted { .. } | Kind::Closed { .. });
                prop_assert_eq!(trigger.is_none(), has_ended);
                let Some(trigger) = trigger else { continue };
                let git = trigger.git.clone().expect("a commit");
                let reference = git.reference.expect("a ref");
                prop_assert!(reference.parse::<crate::source::GitRef>().is_ok(), "{}", reference);
                prop_assert!(git.url.is_some());
                prop_assert_ne!(trigger.source, Source::Cli);
                prop_assert_eq!(trigger.branch().is_some(), matches!(change.kind, Kind::Push { .. }));
                prop_assert_eq!(trigger.pull_request.is_some(), matches!(change.kind, Kind::PullRequest(_)));
                if let Kind::PullRequest(request) = &change.kind {
                    prop_assert_eq!(trigger.fork, request.fork);
                }
            }
        }
    }
}
