use super::*;
use monkeyci_rest::{Moment, Occasion};

use crate::{Clock, Mention, Mute, Muted, Quiet, Style, Until};

fn build(text: &str) -> Option<BuildName> {
    let mut named = Named::default();
    for word in text.split(' ') {
        let mut words = Words::new(word);
        let word = words.next().expect("a word").expect("one");
        assert!(named.take_repo(&word).expect("a build"), "{text}");
    }
    named.build()
}

fn repo(text: &str) -> RepoName {
    RepoName::of(text).expect("a repository")
}

#[test]
fn builds_are_begun() {
    let Ok(Command::Run(run)) = parse(r#"run acme/web @main REGION=eu NOTE="a b" --wait"#) else { panic!("no run") };
    assert_eq!(run.repo, Some(repo("acme/web")));
    assert_eq!(run.at, Some(At("main".into())));
    assert_eq!(run.params, [("REGION".into(), "eu".into()), ("NOTE".into(), "a b".into())]);
    assert!(run.wait && !run.public);
    let Ok(Command::Run(run)) = parse("run web@feature/x") else { panic!("no run") };
    assert_eq!((run.repo, run.at), (Some(repo("web")), Some(At("feature/x".into()))));
    assert_eq!(parse("run"), Ok(Command::Run(Run::default())));
}

#[test]
fn builds_are_named_in_every_way() {
    for (text, command) in [
        ("cancel #12", Command::Cancel { build: build("#12") }),
        ("cancel", Command::Cancel { build: None }),
        ("cancel branch:main", Command::CancelBranch { branch: "main".into() }),
        ("retry acme/web#12 all", Command::Retry { build: build("acme/web#12"), all: true }),
        ("retry acme/web last-failed", Command::Retry { build: build("acme/web last-failed"), all: false }),
        ("retry 12", Command::Retry { build: build("#12"), all: false }),
        ("approve", Command::Approve { build: None, job: None }),
        ("approve deploy", Command::Approve { build: None, job: Some("deploy".into()) }),
        ("approve #12 deploy", Command::Approve { build: build("#12"), job: Some("deploy".into()) }),
        ("reject #12 don't, it's late", Command::Reject { build: build("#12"), reason: "don't, it's late".into() }),
        ("reject \"not now", Command::Reject { build: None, reason: "\"not now".into() }),
        ("artifacts last", Command::Artifacts { build: build("last") }),
        ("why https://ci.example.com/o/acme/r/web/b/7", Command::Why { build: build("acme/web#7") }),
        ("status", Command::Status { of: Subject::Here, public: false }),
        ("status web --public", Command::Status { of: Subject::Repo(repo("web")), public: true }),
        (
            "status web last",
            Command::Status {
                of: Subject::Build(
                    build("acme/web last").map(|name| BuildName { repo: Some(repo("web")), ..name }).expect("one"),
                ),
                public: false,
            },
        ),
        ("STOP #12", Command::Cancel { build: build("#12") }),
    ] {
        assert_eq!(parse(text), Ok(command), "{text}");
    }
}

#[test]
fn logs_and_lists_are_narrowed() {
    let Ok(Command::Logs(logs)) = parse("logs #12 unit tail:50") else { panic!("no logs") };
    assert_eq!((logs.build, logs.job.as_deref(), logs.part), (build("#12"), Some("unit"), Part::Tail(50)));
    let Ok(Command::Logs(logs)) = parse(r#"logs unit grep:"a b""#) else { panic!("no logs") };
    assert_eq!((logs.build, logs.part), (None, Part::Grep("a b".into())));
    let Ok(Command::Logs(logs)) = parse("logs #12 from:10 to:40") else { panic!("no logs") };
    assert_eq!(logs.part, Part::Lines(10, 40));
    let Ok(Command::List(list)) = parse("list acme/web failed mine branch:x since:24h limit:5") else {
        panic!("no list")
    };
    assert_eq!((list.status, list.mine, list.limit), (Some("failure"), true, Some(5)));
    assert_eq!(list.since, Some(Span { seconds: 86_400 }));
}

#[test]
fn channels_subscribe_with_filters() {
    let text = r#"subscribe acme/web on:failed,recovered,approval branch:main,release/* job:deploy-* by:ann -by:dependabot style:plan quiet:22:00-07:00 mention:author"#;
    let Ok(Command::Subscribe(wanted)) = parse(text) else { panic!("{:?}", parse(text)) };
    assert_eq!(wanted.on, [Moment::Failed, Moment::Recovered, Moment::Waiting].into());
    assert_eq!((wanted.refs.join(" "), wanted.jobs.join(" ")), ("main release/*".into(), "deploy-*".into()));
    assert_eq!(wanted.actors, ["ann", "!dependabot"]);
    assert_eq!((wanted.settings.style, wanted.settings.mention), (Some(Style::Plan), Some(Mention::Author)));
    let night = Quiet::Hours(Clock { minutes: 1320 }, Clock { minutes: 420 });
    assert_eq!(wanted.settings.quiet, Some(night));

    let Ok(Command::Subscribe(wanted)) = parse("subscribe label:team=shop event:tag,pr") else {
        panic!("no subscription")
    };
    assert_eq!(wanted.labels, [("team".into(), "shop".into())]);
    assert_eq!(wanted.events, [Occasion::PullRequest, Occasion::Tag].into());
    assert_eq!(parse("unsubscribe all"), Ok(Command::Unsubscribe { from: None, labels: Vec::new() }));
}

#[test]
fn silence_has_an_end() {
    let two = Until::Span(Span { seconds: 7200 });
    assert_eq!(parse("mute 2h"), Ok(Command::Mute(Mute { until: two, of: Muted::All })));
    assert_eq!(
        parse("mute 2h branch:dependabot/*"),
        Ok(Command::Mute(Mute { until: two, of: Muted::Branch("dependabot/*".into()) }))
    );
    let five = Until::Clock(Clock { minutes: 1020 });
    assert_eq!(parse("mute web until:17:00"), Ok(Command::Mute(Mute { until: five, of: Muted::Repo(repo("web")) })));
    assert_eq!(parse("unmute by:ann"), Ok(Command::Unmute(Muted::By("ann".into()))));
}

#[test]
fn params_are_set_and_listed() {
    let set = |name: &str, value: Option<&str>, at: Option<&str>, org| {
        let param = Param::Set { name: name.into(), value: value.map(str::to_owned) };
        Ok(Command::Params { param, repo: at.map(repo), org })
    };
    assert_eq!(parse("params set REGION eu"), set("REGION", Some("eu"), None, false));
    assert_eq!(parse("params set REGION=eu acme/web"), set("REGION", Some("eu"), Some("acme/web"), false));
    assert_eq!(parse("params set TOKEN scope:org"), set("TOKEN", None, None, true));
    assert_eq!(parse("params set TOKEN scope:acme/web"), set("TOKEN", None, Some("acme/web"), false));
    assert_eq!(parse("params"), Ok(Command::Params { param: Param::List, repo: None, org: false }));
}

#[test]
fn a_mistake_says_what_and_where() {
    for (text, what, at) in [
        ("rety #12", "`rety` is no command; did you mean `retry`?", 0),
        ("frobnicate", "`frobnicate` is no command; `help` lists them", 0),
        ("retry #12 unit", "`unit` is nothing to retry; say `failed` or `all` after the build", 10),
        ("cancel web", "`web` is no build; one is called `#42`, `acme/web#42` or `last`", 7),
        ("cancel #0", "`#0` is no build; one is called `#42` or `acme/web#42`", 7),
        ("run web A=1 A=2", "`A` is said twice", 12),
        ("run web main", "`main` is more than is understood here; a branch begins with `@`, a param is `KEY=value`", 8),
        ("run web --wiat", "the flag `--wiat` is not known; known are `--wait` and `--public`", 8),
        ("run 'web", "the quote ' that opens here is not closed", 4),
        ("logs #1 tial:5", "`tial:` is not known here; did you mean `tail:`?", 8),
        ("logs #1 tail:", "`tail:` says nothing; a value follows the colon without a space", 8),
        ("logs #1 tail:0", "`0` is nothing that `tail:` may say; a number from 1 to 500", 8),
        ("logs #1 tail:5 tail:6", "`tail:` is said twice", 15),
        ("mute web", "for how long? `mute 2h`, `mute 1d branch:main` or `mute until:17:00`", 8),
        (
            "subscribe on:failed",
            "of which repository? `subscribe acme/web`, or of those with a label: `subscribe label:team=shop`",
            19,
        ),
        (
            "subscribe web on:fialed",
            "`fialed` is nothing that `on:` may say; known are `failed`, `recovered`, `still-failing`, `succeeded`, `started`, `waiting`, `canceled`, `deployed` and `all`",
            14,
        ),
        ("subscribe ../../etc", "`../../etc` is no repository; one is called `acme/web`, or `web`", 10),
        ("params sett A", "`sett` is nothing to do with params; `set` is", 7),
        ("whoami now", "`now` is more than is understood here", 7),
        ("help rnu", "`rnu` is no command; did you mean `run`?", 5),
    ] {
        let mistake = parse(text).expect_err(text);
        assert_eq!((mistake.what.as_str(), mistake.at), (what, at), "{text}");
    }
    let mistake = parse("retry #12 unit").expect_err("a job");
    assert_eq!(mistake.picture("retry #12 unit"), "retry #12 unit\n          ^^^^");
}
