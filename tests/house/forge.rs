//! What a forge is told of builds without a server.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::github::{GitHub, Mood, TOKEN, states};
use crate::program::{Home, Said, finish, signal, until};

/// A job that begins, and ends once it may.
const SCRIPT: &str =
    "- id: unit\n  script: ['echo $$ >> @HOME@/started', 'until test -e @HOME@/go; do sleep 0.02; done']\n";

/// A machine with a repository, a store in a folder, and a forge that is told of its builds.
struct Shop {
    home: Home,
    github: GitHub,
    runtime: Runtime,
    commit: String,
}

impl Shop {
    fn new(script: &str) -> Self {
        let home = Home::new();
        let repo = home.committed(script);
        let head = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(&repo).output().expect("git runs");
        let commit = String::from_utf8_lossy(&head.stdout).trim().to_owned();
        let runtime = Runtime::new().expect("threads");
        let github = runtime.block_on(GitHub::open());
        let shop = Self { home, github, runtime, commit };
        std::fs::write(shop.home.file("token"), format!("{TOKEN}\n")).expect("written");
        shop.tell(&format!("file:{}", shop.home.file("token").display()));
        shop
    }

    /// Says which forge is told, and where its token is.
    fn tell(&self, token: &str) {
        let settings = format!(
            "[[report]]\nrepo = \"acme/web\"\nforge = \"github\"\napi = \"{}\"\ntoken = \"{token}\"\n",
            self.github.url
        );
        std::fs::write(self.home.file("report.toml"), settings).expect("written");
    }

    fn store(&self) -> String {
        format!("file://{}", self.home.file("store").display())
    }

    /// A trigger as a file.
    fn trigger(&self, key: &str) -> String {
        let url = format!("file://{}", self.home.file("repo").display());
        let queued = json!({ "version": 1, "key": key, "org": "acme", "repo": "web", "received": 0, "trigger": {
            "source": "cli", "git": { "url": url, "ref": "refs/heads/main", "commitId": self.commit } } });
        let path = self.home.file("trigger.json");
        std::fs::write(&path, queued.to_string()).expect("written");
        path.display().to_string()
    }

    fn command(&self, more: &[&str]) -> Command {
        let (store, report) = (self.store(), self.home.file("report.toml").display().to_string());
        let run = ["run-build", "--json", "--executor", "process", "--takeover", "4", "--allow-file"];
        self.home.command(&[&run, &["--store", &store, "--report", &report][..], more].concat())
    }

    fn start(&self, more: &[&str]) -> Child {
        self.command(more).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    }

    fn run(&self, more: &[&str]) -> Said {
        finish(self.command(more))
    }

    fn told(&self, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        self.runtime.block_on(self.github.told(is_so))
    }

    fn let_go(&self) {
        std::fs::write(self.home.file("go"), "").expect("written");
    }

    /// What a hook leaves in the store.
    fn leave(&self, kind: &str, name: &str, data: &Value) {
        let folder = self.home.file("store/triggers/waiting");
        std::fs::create_dir_all(&folder).expect("a folder");
        let message = json!({ "specversion": "1.0", "id": name, "source": "test", "type": kind, "subject": "acme/web",
            "data": data });
        std::fs::write(folder.join(format!("{name}.json")), message.to_string()).expect("written");
    }

    /// How a build stands, and why.
    fn stands(&self, number: u64) -> (Value, Value) {
        let name = format!("acme/web/{number}");
        let said = finish(self.home.command(&["--store", &self.store(), "show", &name, "--json"]));
        let shown: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.both()));
        (shown["status"].clone(), shown["message"].clone())
    }

    /// How the build stands as far as the forge knows.
    fn shown(&self) -> Value {
        let said = finish(self.home.command(&["--store", &self.store(), "show", "acme/web/1", "--json"]));
        let shown: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.both()));
        shown["report"].clone()
    }

    /// Whether the forge knows that the build runs, and that is noted.
    fn is_running(&self) -> bool {
        std::fs::read_to_string(self.home.file("store/builds/acme/web/1/told"))
            .is_ok_and(|told| told.contains("running"))
    }

    /// Marks of builds of whose end the forge may not know.
    fn marks(&self) -> PathBuf {
        self.home.file("store/untold/builds/acme/web/1/events")
    }
}

#[test]
fn a_commit_is_pending_while_its_build_runs_and_then_what_it_came_to() {
    let shop = Shop::new(SCRIPT);
    let child = shop.start(&[&shop.trigger("push/1")]);
    let told = shop.told(|told| told.len() == 1);
    // There is no page without a server.
    let runs = json!({ "state": "pending", "description": "Build 1 runs", "context": "monkeyci", "sha": shop.commit });
    assert_eq!(told[0], runs);
    shop.let_go();
    let ended = Said::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, Some(0), "{}", ended.both());
    // It is known by the time that the controller has ended, and told once.
    assert_eq!(states(&shop.told(|told| told.len() >= 2)), ["pending", "success"]);
    assert_eq!((shop.shown(), shop.marks().exists()), (json!({ "told": "success" }), false));
    let again = shop.run(&[&shop.trigger("push/1")]);
    assert_eq!(again.code, Some(0), "{}", again.both());
    assert_eq!(shop.told(|told| told.len() >= 2).len(), 2);
    assert_eq!(shop.github.refusals(), []);
    // The token is nowhere but where it was.
    let everywhere = Command::new("grep").args(["-rlF", TOKEN]).arg(shop.home.path()).output().expect("grep runs");
    let found = String::from_utf8_lossy(&everywhere.stdout).into_owned();
    assert_eq!(found.trim(), shop.home.file("token").display().to_string());
    assert!(!ended.both().contains(TOKEN));
}

#[test]
fn a_controller_that_dies_leaves_no_commit_pending() {
    let shop = Shop::new(SCRIPT);
    let mut child = shop.start(&[&shop.trigger("push/1")]);
    until("the forge knows, and the controller that it does", || shop.is_running());
    until("the job runs", || !shop.home.text("started").is_empty());
    child.kill().expect("killed");
    child.wait().expect("it is dead");
    shop.let_go();
    let next = shop.run(&[]);
    assert_eq!(next.code, Some(0), "{}", next.both());
    assert_eq!(states(&shop.told(|told| told.len() >= 2)), ["pending", "success"]);
    assert!(!shop.marks().exists());
}

#[test]
fn one_that_stood_still_tells_nothing_any_more() {
    let shop = Shop::new(SCRIPT);
    let mut child = shop.start(&[&shop.trigger("push/1")]);
    until("the forge knows, and the controller that it does", || shop.is_running());
    until("the job runs", || !shop.home.text("started").is_empty());
    signal(&child, "STOP");
    shop.let_go();
    let next = shop.run(&[]);
    assert_eq!(next.code, Some(0), "{}", next.both());
    assert_eq!(states(&shop.told(|told| told.len() >= 2)), ["pending", "success"]);
    signal(&child, "CONT");
    let ended = child.wait().expect("it ends");
    assert_eq!(ended.code(), Some(0));
    assert_eq!(shop.told(|told| told.len() >= 2).len(), 2);
    assert_eq!(shop.shown(), json!({ "told": "success" }));
}

#[test]
fn a_forge_that_is_away_is_told_once_it_is_there_also_by_the_next_controller() {
    let shop = Shop::new("[{id: unit, script: ['false']}]");
    shop.github.be(Mood::Broken(2));
    let first = shop.run(&[&shop.trigger("push/1")]);
    assert_eq!(first.code, Some(1), "{}", first.both());
    // What came in between was never told.
    let told = shop.told(|told| !told.is_empty());
    assert_eq!(states(&told).last(), Some(&"failure"), "{told:#?}");
    assert!(told.last().is_some_and(|last| last["description"].as_str().is_some_and(|text| text.contains("unit"))));

    let away = Shop::new("[{id: unit, script: ['true']}]");
    away.tell("env:NO_SUCH_TOKEN");
    let first = away.run(&[&away.trigger("push/1")]);
    assert_eq!(first.code, Some(0), "what a forge is told is not what the build came to: {}", first.both());
    assert!(away.marks().exists() && away.github.refusals().is_empty());
    let why = away.shown();
    assert!(why["note"].as_str().is_some_and(|note| note.contains("env:NO_SUCH_TOKEN")), "{why}");
    away.tell(&format!("file:{}", away.home.file("token").display()));
    let next = away.run(&[]);
    assert_eq!(next.code, Some(0), "{}", next.both());
    assert_eq!(states(&away.told(|told| !told.is_empty())), ["success"]);
    assert!(!away.marks().exists());
}

#[test]
fn a_token_that_is_refused_is_told_and_not_tried_again_and_again() {
    let shop = Shop::new("[{id: unit, script: ['true']}]");
    std::fs::write(shop.home.file("token"), "ghs_of-somebody-else").expect("written");
    let ran = shop.run(&[&shop.trigger("push/1")]);
    assert_eq!(ran.code, Some(0), "{}", ran.both());
    let note = shop.shown()["note"].to_string();
    assert!(note.contains("401") && !note.contains("somebody-else"), "{note}");
    assert!(shop.github.refusals().len() <= 2 && !shop.marks().exists());
}

#[test]
fn builds_of_a_branch_that_is_gone_are_stopped_while_they_run_and_while_they_wait() {
    let shop = Shop::new(&format!("{SCRIPT}- {{id: deploy, blocked: true, script: ['true'], dependencies: [unit]}}\n"));
    let gone = |name: &str| json!({ "version": 1, "org": "acme", "repo": "web", "received": 0, "reference": name });
    let waits = shop.run(&[&{
        shop.let_go();
        shop.trigger("push/1")
    }]);
    assert_eq!(waits.code, Some(0), "{}", waits.both());
    for file in ["go", "started"] {
        std::fs::remove_file(shop.home.file(file)).expect("removed");
    }
    let runs = shop.start(&[&shop.trigger("push/2")]);
    until("the job runs", || !shop.home.text("started").is_empty());
    shop.leave("build/gone", "other", &gone("refs/heads/other"));
    shop.leave("build/gone", "main", &gone("refs/heads/main"));
    let told = shop.run(&[]);
    assert!(told.out.contains("build/canceled"), "what waited was stopped here: {}", told.both());
    let runs = Said::of(&runs.wait_with_output().expect("it ends"));
    assert!(runs.out.contains("build/canceled"), "{}", runs.both());
    for number in [1, 2] {
        assert_eq!(shop.stands(number), (json!("canceled"), json!("what it was of is gone")));
    }
    // A commit that was not built to its end is not pending.
    let told = shop.told(|told| states(told).last() == Some(&"error"));
    assert!(told.last().is_some_and(|last| last["description"] == "Build 2 was canceled: what it was of is gone"));
}

#[test]
fn a_newer_push_stops_the_build_before_it_where_that_is_wanted() {
    let shop = Shop::new(SCRIPT);
    let first = shop.start(&[&shop.trigger("push/1")]);
    until("the job runs", || !shop.home.text("started").is_empty());
    let trigger = shop.trigger("push/2");
    let mut queued: Value = serde_json::from_str(&std::fs::read_to_string(&trigger).expect("reads")).expect("JSON");
    queued["supersedes"] = true.into();
    shop.leave("build/queued", "newer", &queued);
    let newer = shop.start(&[]);
    let first = Said::of(&first.wait_with_output().expect("it ends"));
    assert_eq!(first.code, Some(1), "{}", first.both());
    assert_eq!(shop.stands(1), (json!("canceled"), json!("build 2 is newer")));
    shop.let_go();
    let newer = Said::of(&newer.wait_with_output().expect("it ends"));
    assert_eq!(newer.code, Some(0), "{}", newer.both());
    // The status of the commit is that of its newest build, whichever ended last.
    let told = shop.told(|told| states(told).last() == Some(&"success"));
    assert!(
        told.last().is_some_and(|last| last["description"].as_str().is_some_and(|text| text.starts_with("Build 2")))
    );
}
