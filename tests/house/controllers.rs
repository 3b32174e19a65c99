//! Builds without a server: by controllers that come and go, over a store in a folder.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use oracle_emulator::{Fault, Oracle};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::crash::{Ended, SCRIPT, assert_story};
use crate::program::{Home, Said, finish, until};
use crate::remains;

/// A machine with a repository, and a store: a folder of it, or a bucket of the double of Oracle Cloud.
struct Shop {
    home: Home,
    oracle: Option<(Oracle, Runtime)>,
}

impl Shop {
    fn new(script: &str) -> Self {
        let home = Home::new();
        home.committed(script);
        Self { home, oracle: None }
    }

    fn in_a_bucket(script: &str) -> Self {
        let runtime = Runtime::new().expect("threads");
        let oracle = runtime.block_on(Oracle::start());
        oracle.state().bucket("builds");
        let shop = Self { oracle: Some((oracle, runtime)), ..Self::new(script) };
        let user = shop.oracle.as_ref().expect("it was just started").0.user();
        user.write(&shop.home.file("oci")).expect("written");
        shop
    }

    fn store(&self) -> String {
        match &self.oracle {
            None => format!("file://{}", self.home.file("store").display()),
            Some((oracle, _)) => format!("oci://{}/builds/ci", oracle.state().settings.namespace),
        }
    }

    /// The program, which knows who asks the bucket.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.home.command(args);
        if let Some((oracle, _)) = &self.oracle {
            command.env("OCI_CLI_CONFIG_FILE", self.home.file("oci/config")).env("OCI_CLI_ENDPOINT", oracle.url());
        }
        command
    }

    /// Whether some controller holds the first build, or did.
    fn is_held(&self) -> bool {
        match &self.oracle {
            None => self.home.file("store/builds/acme/web/1/lease").exists(),
            Some((oracle, _)) => oracle.state().objects("builds").iter().any(|name| name.contains("/web/1/lease/")),
        }
    }

    fn queued(&self, key: &str) -> Value {
        let url = format!("file://{}", self.home.file("repo").display());
        json!({ "version": 1, "key": key, "org": "acme", "repo": "web", "received": 0,
            "trigger": { "source": "cli", "git": { "url": url, "ref": "refs/heads/main" } } })
    }

    /// A trigger as a file.
    fn trigger(&self, key: &str) -> String {
        let path = self.home.file("trigger.json");
        std::fs::write(&path, self.queued(key).to_string()).expect("written");
        path.display().to_string()
    }

    /// A trigger as a hook leaves it in the store.
    fn leave(&self, name: &str, data: &Value) {
        let folder = self.home.file("store/triggers/waiting");
        std::fs::create_dir_all(&folder).expect("a folder");
        let message = json!({ "specversion": "1.0", "id": name, "source": "test", "type": "build/queued",
            "subject": "acme/web", "data": data });
        std::fs::write(folder.join(format!("{name}.json")), message.to_string()).expect("written");
    }

    fn args<'a>(&'a self, store: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        // A busy machine may keep a living controller from giving a sign of life for some seconds.
        let run = ["run-build", "--json", "--executor", "process", "--takeover", "4", "--allow-file", "--store", store];
        [&run, more].concat()
    }

    /// A controller, run to its end.
    fn run(&self, more: &[&str]) -> Said {
        let store = self.store();
        finish(self.command(&self.args(&store, more)))
    }

    /// A controller that is run.
    fn start(&self, more: &[&str]) -> Child {
        let store = self.store();
        let mut command = self.command(&self.args(&store, more));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    }

    /// What a command says of the store.
    fn ask(&self, command: &[&str]) -> Said {
        finish(self.command(&[&["--store", &self.store()], command].concat()))
    }

    /// Folders of controllers on this machine that are still there.
    fn left(&self) -> Vec<PathBuf> {
        let folders = |path: PathBuf| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
        folders(self.home.file("data/monkeyci/controllers")).flat_map(folders).collect()
    }
}

#[test]
fn a_controller_that_is_killed_at_any_moment_is_followed_by_one_that_goes_on() {
    let shop = Shop::new(SCRIPT);
    let whole = shop.run(&[&shop.trigger("whole")]);
    assert_eq!(whole.code, Some(0), "{}", whole.both());
    let lines = whole.out.lines().count();
    let long = std::env::var("MONKEYCI_TEST_LONG").is_ok_and(|value| !value.is_empty());
    let kills = if long { 40 } else { 5 };
    for kill in 0..kills {
        killed_after(&Shop::new(SCRIPT), kill * lines / (kills - 1));
    }
}

#[test]
fn so_it_is_where_the_store_is_a_bucket_that_is_busy_and_whose_answers_get_lost() {
    let faults = |shop: &Shop| {
        let (oracle, _) = shop.oracle.as_ref().expect("a bucket");
        for (after, object) in [(2, "events"), (3, "numbers"), (0, "claims"), (1, "lease")] {
            oracle.state().faults.push_back(Fault::lost().on("PUT", object).after(after));
        }
        oracle.state().faults.push_back(Fault::too_many(None).times(3).after(40));
    };
    for lines in [0, 9, 30] {
        let shop = Shop::in_a_bucket(SCRIPT);
        faults(&shop);
        killed_after(&shop, lines);
    }
}

/// Kills a controller once it has said so many lines, and lets the next one end its build.
fn killed_after(shop: &Shop, lines: usize) {
    let trigger = shop.trigger("push/1");
    let mut child = shop.start(&[&trigger]);
    until("it holds the build, or has ended", || shop.is_held() || child.try_wait().is_ok_and(|ended| ended.is_some()));
    let mut out = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut said: Vec<String> = out.by_ref().take(lines).collect();
    child.kill().expect("killed");
    child.wait().expect("it is dead");
    said.extend(out.filter(|line| serde_json::from_str::<Value>(line).is_ok()));
    let lived = Said { code: None, out: said.join("\n"), err: String::new() };
    let moment = format!("killed after {} lines", lived.out.lines().count());
    let (ended, starts): (Ended, _) = (lived.jobs(), shop.home.text("started"));

    let next = shop.run(&[&trigger]);
    // Its end may be in the store before anybody was told of it.
    let had_ended = lived.out.contains("build/end") || next.out.is_empty();
    if had_ended {
        assert!(next.out.is_empty(), "{moment}: what has ended goes on: {}", next.both());
    } else {
        assert_story(&moment, &shop.home, &next, &ended, &starts);
    }
    remains::assert_none(&shop.home, &moment);
    assert_eq!(shop.left(), [] as [PathBuf; 0], "{moment}");
    // One build, whoever asks how often.
    let listed = shop.ask(&["builds", "acme/web", "--json"]);
    let builds: Value = serde_json::from_str(&listed.out).expect("JSON");
    assert_eq!(builds.as_array().map(Vec::len), Some(1), "{moment}: {}", listed.both());
    if had_ended {
        assert_eq!(builds[0]["status"], "success", "{moment}: {}", listed.both());
    }
}

#[test]
fn of_two_controllers_that_want_one_build_one_runs_it() {
    let shop = Shop::new(
        "- id: wait\n  script: ['echo $$ >> @HOME@/started', 'until test -e @HOME@/go; do sleep 0.02; done']",
    );
    let trigger = shop.trigger("push/1");
    let (mut one, mut other) = (shop.start(&[&trigger]), shop.start(&[&trigger]));
    let has_ended = |child: &mut Child| child.try_wait().expect("asked").is_some();
    until("one of them went away", || has_ended(&mut one) || has_ended(&mut other));
    let (away, runs) = if has_ended(&mut one) { (one, other) } else { (other, one) };
    let away = Said::of(&away.wait_with_output().expect("it ends"));
    assert_eq!(away.code, Some(0), "{}", away.both());
    assert!(away.both().contains("is run by another process"), "{}", away.both());
    until("the job runs", || !shop.home.text("started").is_empty());
    std::fs::write(shop.home.file("go"), "").expect("written");
    let runs = Said::of(&runs.wait_with_output().expect("it ends"));
    assert_eq!(runs.code, Some(0), "{}", runs.both());
    assert_eq!(shop.home.text("started").lines().count(), 1);
}

#[test]
fn nothing_runs_while_a_build_waits_and_whoever_comes_next_does_what_was_decided() {
    let shop = Shop::new(
        "- id: build\n  script: [mkdir out && echo made > out/file, echo built it]\n  save-artifacts: [{id: out, path: out}]\n\
         - id: deploy\n  blocked: true\n  dependencies: [build]\n  restore-artifacts: [{id: out, path: out}]\n  \
         script: [test ! -e later, cp out/file @HOME@/deployed]\n\
         - id: drop\n  blocked: true\n  dependencies: [build]\n  script: [touch @HOME@/dropped]\n",
    );
    let waits = shop.run(&[&shop.trigger("push/1")]);
    assert_eq!(waits.code, Some(0), "{}", waits.both());
    assert!(!waits.out.contains("build/end"), "{}", waits.both());
    let shown = shop.ask(&["show", "acme/web/1"]);
    assert!(shown.out.contains("blocked") && shown.out.contains("deploy"), "{}", shown.both());
    let log = shop.ask(&["logs", "acme/web/1", "build"]);
    assert_eq!(log.out, "built it\n", "{}", log.both());
    let idle = shop.run(&[]);
    assert_eq!((idle.code, idle.out.as_str()), (Some(0), ""), "there is nothing to do: {}", idle.both());

    // What comes to the branch meanwhile is not what was decided about.
    std::fs::write(shop.home.file("repo/later"), "").expect("written");
    shop.home.commit_all();
    let unknown = shop.ask(&["approve", "acme/web/1", "nothing"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.both());
    let approved = shop.ask(&["approve", "acme/web/1", "deploy"]);
    assert!(approved.out.contains("run-build --store file://"), "{}", approved.both());
    let rejected = shop.ask(&["reject", "acme/web/1", "drop", "-r", "not today"]);
    assert_eq!(rejected.code, Some(0), "{}", rejected.both());
    let next = shop.run(&[]);
    assert!(next.out.contains("build/end"), "{}", next.both());
    assert_eq!(shop.home.text("deployed"), "made\n");
    assert!(!shop.home.file("dropped").exists());
    let late = shop.ask(&["approve", "acme/web/1", "deploy"]);
    assert_eq!(late.code, Some(1), "{}", late.both());

    let artifacts = shop.ask(&["artifacts", "acme/web/1", "-x", "-o", &shop.home.file("had").display().to_string()]);
    assert_eq!(artifacts.code, Some(0), "{}", artifacts.both());
    assert_eq!(shop.home.text("had/out/file"), "made\n");
    let watched = shop.ask(&["watch", "acme/web/1", "--json"]);
    assert!(watched.out.contains("built it") && watched.out.contains("build/end"), "{}", watched.both());
}

#[test]
fn a_build_is_canceled_while_it_runs_and_while_it_waits() {
    let shop = Shop::new("- id: long\n  script: ['echo $$ >> @HOME@/started', sleep 600]");
    let child = shop.start(&[&shop.trigger("push/1")]);
    until("it runs", || !shop.home.text("started").is_empty());
    let asked = shop.ask(&["cancel", "acme/web/1", "-r", "enough"]);
    assert_eq!(asked.code, Some(0), "{}", asked.both());
    let ended = Said::of(&child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, Some(1), "{}", ended.both());
    assert!(ended.out.contains("build/canceled"), "{}", ended.both());
    remains::assert_none(&shop.home, "canceled");
    let again = shop.ask(&["cancel", "acme/web/1"]);
    assert_eq!(again.code, Some(1), "{}", again.both());
}

#[test]
fn what_waits_in_the_store_is_built_once_and_what_is_no_trigger_is_put_aside() {
    let shop = Shop::new("- id: note\n  script: ['echo $MONKEYCI_BUILD >> @HOME@/started']");
    shop.leave("a", &shop.queued("push/a"));
    shop.leave("b", &shop.queued("push/b"));
    // The same once more, under another name; and one of a fork.
    shop.leave("c", &shop.queued("push/a"));
    let mut fork = shop.queued("push/fork");
    fork["trigger"]["fork"] = true.into();
    shop.leave("d", &fork);
    shop.leave("odd", &json!({ "what": 1 }));
    let mut odd = shop.run(&[]);
    for _ in 0..10 {
        if !shop.home.file("store/triggers/waiting/odd.json").exists() {
            break;
        }
        // One that failed is held for a while before it comes again.
        for held in std::fs::read_dir(shop.home.file("store/triggers/held/odd")).into_iter().flatten().flatten() {
            std::fs::write(held.path(), r#"{"until":0}"#).expect("written");
        }
        odd = shop.run(&[]);
    }
    assert_eq!(shop.home.text("started").lines().count(), 2, "{}", odd.both());
    assert_eq!(std::fs::read_dir(shop.home.file("store/parked/waiting")).expect("parked").count(), 1);
    let listed = shop.ask(&["builds", "acme/web"]);
    assert!(listed.out.contains("success") && listed.out.contains("error"), "{}", listed.both());
}

#[test]
fn what_happens_is_published_to_whoever_listens_also_after_a_controller_died() {
    let shop =
        Shop::new("- id: one\n  script: ['echo $$ >> @HOME@/started', 'until test -e @HOME@/go; do sleep 0.02; done']");
    let events = format!("file://{}", shop.home.file("events").display());
    std::fs::write(shop.home.file("go"), "").expect("written");
    let first = shop.run(&["--events", &events, &shop.trigger("push/0")]);
    assert_eq!(first.code, Some(0), "{}", first.both());
    for file in ["go", "started"] {
        std::fs::remove_file(shop.home.file(file)).expect("removed");
    }
    let trigger = shop.trigger("push/1");
    let mut child = shop.start(&["--events", &events, &trigger]);
    until("it runs", || !shop.home.text("started").is_empty());
    child.kill().expect("killed");
    child.wait().expect("it is dead");
    std::fs::write(shop.home.file("go"), "").expect("written");
    let next = shop.run(&["--events", &events]);
    assert_eq!(next.code, Some(0), "{}", next.both());
    let published = std::fs::read_dir(shop.home.file("events/waiting")).expect("events");
    let messages: Vec<Value> = published
        .flatten()
        // What was half written as the first was killed is under another name.
        .filter(|file| file.path().extension().is_some_and(|end| end == "json"))
        .map(|file| serde_json::from_str(&std::fs::read_to_string(file.path()).expect("reads")).expect("JSON"))
        .collect();
    let seqs = |events: &[Value]| {
        let mut seqs: Vec<u64> = events.iter().filter_map(|event| event["seq"].as_u64()).collect();
        seqs.retain(|seq| *seq > 0);
        seqs.sort_unstable();
        seqs
    };
    for (number, said) in [(1, &first), (2, &next)] {
        let subject = format!("acme/web/build-{number}");
        let of_it = messages.iter().filter(|message| message["subject"] == subject.as_str());
        let told: Vec<Value> = of_it.map(|message| message["data"].clone()).collect();
        assert_eq!(seqs(&told), seqs(&said.events()), "build {number}");
        assert_eq!(told.iter().filter(|event| event["type"] == "build/end").count(), 1);
    }
    assert!(!shop.home.file("store/unpublished/builds/acme/web/2/events").exists());
}
