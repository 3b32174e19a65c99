//! What a forge is told of a build.

use monkeyci_core::model::trigger::ScriptOf;
use monkeyci_core::model::{BuildStatus, Millis};
use monkeyci_rest::Build;

/// The name of the one status that a commit has from here. It never changes, so that forges can require it.
pub const CONTEXT: &str = "monkeyci";

/// Characters of the longest description that every forge takes.
const LONGEST: usize = 140;

/// What a forge is told of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The commit.
    pub commit: String,
    /// The full ref, when the build has one that is the forge's; of a pull request that of its branch.
    pub reference: Option<String>,
    /// The build's number.
    pub number: u64,
    /// How it stands.
    pub status: BuildStatus,
    /// Its page, where it has one.
    pub url: Option<String>,
    /// How it stands, for people: one line that every forge has room for.
    pub description: String,
}

impl Status {
    /// What is told of a build that has this page; nothing while its commit is not known.
    #[must_use]
    pub fn of(build: &Build, page: Option<String>) -> Option<Self> {
        let status = told(build.status);
        Some(Self {
            commit: commit(build)?.to_owned(),
            reference: reference(build),
            number: build.number,
            status,
            description: shorten(&description(build, status, page.is_some())),
            url: page,
        })
    }

    /// The branch or tag.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let reference = self.reference.as_deref()?;
        reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/"))
    }
}

/// The statuses between which forges tell no difference are one.
#[must_use]
pub fn told(status: BuildStatus) -> BuildStatus {
    match status {
        BuildStatus::Pending | BuildStatus::Initializing => BuildStatus::Running,
        other => other,
    }
}

/// The commit of a build, once it is known.
#[must_use]
pub fn commit(build: &Build) -> Option<&str> {
    build.trigger.git.as_ref()?.commit_id.as_deref()
}

fn reference(build: &Build) -> Option<String> {
    if let Some(request) = &build.trigger.pull_request {
        return Some(format!("refs/heads/{}", request.source_branch));
    }
    build.trigger.git.as_ref()?.reference.clone()
}

fn description(build: &Build, status: BuildStatus, has_page: bool) -> String {
    match &build.trigger.script {
        Some(ScriptOf::Base { branch, .. }) => format!("{} (script of {branch})", stands(build, status, has_page)),
        _ => stands(build, status, has_page),
    }
}

fn stands(build: &Build, status: BuildStatus, has_page: bool) -> String {
    let number = build.number;
    let why = build.message.as_deref().and_then(|message| message.lines().next()).unwrap_or_default();
    let with = |what: String| if why.is_empty() { what } else { format!("{what}: {why}") };
    let took = || build.ended.map(|ended| format!(" in {}", span(ended - build.created))).unwrap_or_default();
    match status {
        BuildStatus::Success => format!("Build {number} succeeded{}", took()),
        BuildStatus::Failure => with(format!("Build {number} failed{}", took())),
        BuildStatus::Canceled => with(format!("Build {number} was canceled")),
        // What broke is ours, and no business of everybody who sees the commit.
        BuildStatus::Error if has_page => format!("Build {number} broke; its page says why"),
        BuildStatus::Error => {
            format!("Build {number} broke; `monkeyci show {}/{}/{number}` says why", build.org, build.repo)
        }
        BuildStatus::Blocked => format!("Build {number} waits for an approval"),
        _ => format!("Build {number} runs"),
    }
}

fn span(millis: Millis) -> String {
    let seconds = millis.max(0) / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

fn shorten(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let line: String = line.collect();
    if line.chars().count() <= LONGEST {
        return line;
    }
    line.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn build(more: serde_json::Value) -> Build {
        let mut build = json!({ "org": "acme", "repo": "web", "number": 7, "status": "running", "created": 1000,
            "events": 1, "trigger": { "git": { "ref": "refs/heads/main", "commitId": "c0ffee" } } });
        for (name, value) in more.as_object().expect("an object") {
            build[name] = value.clone();
        }
        serde_json::from_value(build).expect("a build")
    }

    #[test]
    fn a_description_is_one_line_that_every_forge_has_room_for() {
        let long = "ä".repeat(500);
        for (more, told) in [
            (json!({ "status": "pending" }), "Build 7 runs"),
            (json!({ "status": "blocked" }), "Build 7 waits for an approval"),
            (json!({ "status": "success", "ended": 43_999 }), "Build 7 succeeded in 42 s"),
            (
                json!({ "status": "failure", "ended": 124_000, "message": "unit failed\n\u{1b}[1mmore" }),
                "Build 7 failed in 2 min 3 s: unit failed",
            ),
            (json!({ "status": "failure", "ended": 7_261_000, "message": "" }), "Build 7 failed in 2 h 1 min"),
            (json!({ "status": "canceled", "message": "build 8 is newer" }), "Build 7 was canceled: build 8 is newer"),
            (json!({ "status": "error", "message": "disk of 10.0.0.7" }), "Build 7 broke; its page says why"),
        ] {
            let status = Status::of(&build(more), Some("https://ci.example.com/7".into())).expect("a status");
            assert_eq!(status.description, told);
            assert_eq!(status.url.as_deref(), Some("https://ci.example.com/7"));
        }
        let broke = Status::of(&build(json!({ "status": "error", "message": "disk of 10.0.0.7" })), None);
        let broke = broke.expect("a status");
        assert_eq!(broke.description, "Build 7 broke; `monkeyci show acme/web/7` says why");
        let status = Status::of(&build(json!({ "status": "failure", "message": long })), None).expect("a status");
        assert_eq!(status.description.chars().count(), LONGEST);
    }

    #[test]
    fn nothing_is_told_of_a_commit_that_is_not_known_and_a_pull_request_is_told_under_its_branch() {
        assert_eq!(Status::of(&build(json!({ "trigger": {} })), None), None);
        let trigger = json!({ "git": { "ref": "refs/pull/3/head", "commitId": "c0ffee" },
            "pullRequest": { "number": 3, "sourceBranch": "topic", "targetBranch": "main" } });
        let status = Status::of(&build(json!({ "trigger": trigger })), None).expect("a status");
        assert_eq!((status.name(), status.reference.as_deref()), (Some("topic"), Some("refs/heads/topic")));
    }
}
