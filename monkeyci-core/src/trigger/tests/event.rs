//! What happens in a repository, told by no forge: the same for all of them.

use std::collections::BTreeSet;

use monkeyci_model::trigger::Changes;
use proptest::prelude::*;

use crate::trigger::{Action, Change, Commit, Forge, Kind, PullRequest, Repository};

pub(super) const REPOSITORY: &str = "acme/web";
pub(super) const REPOSITORY_ID: u64 = 61;
pub(super) const FORK: &str = "ann/web";
pub(super) const FORK_ID: u64 = 62;
pub(super) const ACTOR: &str = "ann";
pub(super) const HOST: &str = "git.example.com";

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// Refs are pushed in one go.
    Push(Vec<Update>),
    /// Something is done to a pull request.
    Request(Request),
    /// The forge tries the hook out.
    Ping,
}

/// A ref that is made, moved or deleted.
#[derive(Debug, Clone)]
pub(super) struct Update {
    pub(super) name: String,
    pub(super) to: Target,
    pub(super) before: Option<String>,
    /// None when it is deleted.
    pub(super) after: Option<String>,
    pub(super) forced: bool,
    pub(super) message: String,
    pub(super) author: String,
    pub(super) file: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    Branch,
    Tag,
    /// With the commit that the tag's object stands for.
    AnnotatedTag(String),
}

#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) act: Act,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) head: String,
    pub(super) before: String,
    pub(super) base: String,
    pub(super) message: String,
    pub(super) from: From,
    pub(super) draft: bool,
    pub(super) labels: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Act {
    Open,
    Push,
    Reopen,
    Ready,
    Retarget,
    Label,
    Merge,
    Decline,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum From {
    Here,
    Fork,
    DeletedFork,
}

impl Update {
    pub(super) fn reference(&self) -> String {
        let folder = if self.to == Target::Branch { "heads" } else { "tags" };
        format!("refs/{folder}/{}", self.name)
    }

    /// The commit that it stands for afterwards.
    pub(super) fn commit(&self) -> Option<&str> {
        match &self.to {
            Target::AnnotatedTag(commit) if self.after.is_some() => Some(commit),
            _ => self.after.as_deref(),
        }
    }

    /// What a forge would tell that does not know whether commits were taken away.
    pub(super) fn change_unless_forced(&self, forge: Forge) -> Change {
        Self { forced: false, ..self.clone() }.change(forge)
    }

    /// What a forge that tells everything would tell.
    pub(super) fn change(&self, forge: Forge) -> Change {
        let (name, before) = (self.name.clone(), self.before.clone());
        let kind = match (&self.after, &self.to) {
            (None, _) => Kind::Deleted { reference: self.reference(), before },
            (Some(after), Target::Branch) => {
                let (created, after) = (before.is_none(), after.clone());
                Kind::Push { branch: name, before, after, created, forced: (!created).then_some(self.forced) }
            }
            (Some(after), _) => Kind::Tag { name, before, after: after.clone() },
        };
        let is_update = matches!(kind, Kind::Push { created: false, .. }) && !self.forced;
        let files = Changes { modified: [self.file.clone()].into(), ..Changes::default() };
        let commit = self.after.as_ref().map(|_| Commit {
            id: self.commit().map(str::to_owned),
            message: Some(self.message.clone()),
            author: Some(self.author.clone()),
        });
        Change {
            forge,
            kind,
            repository: repository(),
            commit: commit.unwrap_or_default(),
            actor: Some(ACTOR.into()),
            files: is_update.then_some(files),
            told_to_skip: false,
        }
    }
}

impl Request {
    /// What a forge that tells everything would tell; none where nothing is to be built or canceled.
    pub(super) fn change(&self, forge: Forge) -> Option<Change> {
        let action = match self.act {
            Act::Open => Some(Action::Opened),
            Act::Push => Some(Action::Pushed),
            Act::Reopen => Some(Action::Reopened),
            Act::Ready => Some(Action::Ready),
            Act::Retarget => Some(Action::Retargeted),
            Act::Label => return None,
            Act::Merge | Act::Decline => None,
        };
        let kind = match action {
            None => Kind::Closed { number: self.number, head: Some(self.head.clone()), merged: self.act == Act::Merge },
            Some(action) => Kind::PullRequest(Box::new(PullRequest {
                action,
                number: self.number,
                title: Some(self.title.clone()),
                source_branch: self.source.clone(),
                target_branch: self.target.clone(),
                head: self.head.clone(),
                before: (self.act == Act::Push).then(|| self.before.clone()),
                base: Some(self.base.clone()),
                author: Some(ACTOR.into()),
                fork: self.from != From::Here,
                head_url: match self.from {
                    From::Here => Some(clone_url(REPOSITORY)),
                    From::Fork => Some(clone_url(FORK)),
                    From::DeletedFork => None,
                },
                draft: self.draft,
                labels: self.labels.iter().cloned().collect::<BTreeSet<_>>(),
                url: Some(self.page()),
            })),
        };
        let commit =
            Commit { id: Some(self.head.clone()), message: Some(self.message.clone()), author: Some("Ann".into()) };
        Some(Change {
            forge,
            commit: if action.is_some() { commit } else { Commit::default() },
            kind,
            repository: repository(),
            actor: Some(ACTOR.into()),
            files: None,
            told_to_skip: false,
        })
    }

    pub(super) fn page(&self) -> String {
        format!("https://{HOST}/{REPOSITORY}/pull/{}", self.number)
    }
}

pub(super) fn clone_url(name: &str) -> String {
    format!("https://{HOST}/{name}.git")
}

pub(super) fn ssh_url(name: &str) -> String {
    format!("git@{HOST}:{name}.git")
}

fn repository() -> Repository {
    Repository {
        id: Some(REPOSITORY_ID.to_string()),
        name: Some(REPOSITORY.into()),
        clone_url: Some(clone_url(REPOSITORY)),
        ssh_url: Some(ssh_url(REPOSITORY)),
        default_branch: Some("main".into()),
    }
}

fn id() -> impl Strategy<Value = String> {
    "[1-9a-f][0-9a-f]{39}"
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,6}(/[a-zé][a-z0-9_]{0,6}){0,2}"
}

fn update() -> impl Strategy<Value = Update> {
    let to = prop_oneof![3 => Just(Target::Branch), 1 => Just(Target::Tag), 1 => id().prop_map(Target::AnnotatedTag)];
    let ids = prop_oneof![
        3 => (id(), id()).prop_map(|(before, after)| (Some(before), Some(after))),
        1 => id().prop_map(|after| (None, Some(after))),
        1 => id().prop_map(|before| (Some(before), None)),
    ];
    (name(), to, ids, any::<bool>(), "[a-zé \n]{0,30}", "[A-Z][a-zé]{1,8}", "[a-z/]{1,12}").prop_map(
        |(name, to, (before, after), forced, message, author, file)| Update {
            name,
            to,
            forced: forced && before.is_some() && after.is_some(),
            before,
            after,
            message,
            author,
            file,
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    let act = prop::sample::select(vec![
        Act::Open,
        Act::Push,
        Act::Reopen,
        Act::Ready,
        Act::Retarget,
        Act::Label,
        Act::Merge,
        Act::Decline,
    ]);
    let from = prop::sample::select(vec![From::Here, From::Fork, From::DeletedFork]);
    let words = ("[a-zé ]{0,20}", "[a-z ]{0,20}", prop::collection::vec("[a-z]{1,6}", 0..3));
    (act, from, 1..10_000_u64, (name(), name()), (id(), id(), id()), words, any::<bool>()).prop_map(
        |(act, from, number, (source, target), (head, before, base), (title, message, labels), draft)| Request {
            act,
            number,
            title,
            source,
            target,
            head,
            before,
            base,
            message,
            from,
            draft: draft && act != Act::Ready,
            labels,
        },
    )
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => prop::collection::vec(update(), 1..4).prop_map(Event::Push),
        5 => request().prop_map(Event::Request),
        1 => Just(Event::Ping),
    ]
}
