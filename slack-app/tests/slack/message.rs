//! What is said of a build.

use std::collections::BTreeMap;

use monkeyci_client::rest::Moment;
use monkeyci_grammar::{Style, Thread};
use monkeyci_slack::message::site::{Before, Site};
use monkeyci_slack::message::{Excerpt, Message, Part, Red, Reply, Said, Story, View, ladder, text};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::build::Build;

fn view<'a>(story: &'a Story, on: Moment, excerpts: &'a BTreeMap<String, Excerpt>) -> View<'a> {
    View { on, thread: Thread::OnFailure, excerpts, ..View::of(story, "https://ci.example.com") }
}

/// Texts of a message that have markup, and what is on its buttons.
fn words(message: &Message) -> String {
    fn all(value: &Value, to: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                to.extend(fields.get("text").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| all(value, to));
            }
            Value::Array(values) => values.iter().for_each(|value| all(value, to)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    message.blocks.iter().for_each(|block| all(block, &mut found));
    found.join("\n")
}

/// The words of a reply.
fn said_in(reply: &Reply) -> String {
    match &reply.said {
        Said::Words(message) => words(message),
        Said::File { name, .. } => panic!("`{name}` is a file"),
    }
}

#[test]
fn a_message_follows_its_build() {
    let none = BTreeMap::new();
    let mut build = Build::begin(482, "Fix login redirect", &["lint", "unit"]);
    let running = build.pass("lint").start("unit").story();
    let message = view(&running, Moment::Started, &none).message();
    assert_eq!(message.text, "acme/web #482 running on main (1/2 jobs)");
    let said = words(&message);
    assert!(said.contains(":large_blue_circle: *<https://ci.example.com/o/acme/r/web/b/482|acme/web #482>*  `main`  <https://git.example.com/acme/web/commit/1a2b3c4d5e6f708192a3b4c5d6e7f80910111213|1a2b3c4> Fix login redirect"), "{said}");
    assert!(said.contains(":white_check_mark: lint 2s   :large_blue_circle: unit"), "{said}");
    assert!(
        said.contains("by ann · push · 11s") && said.contains("Cancel") && !said.contains("Retry failed"),
        "{said}"
    );

    let mut plan = view(&running, Moment::Started, &none);
    plan.style = Style::Plan;
    assert_eq!(
        plan.message().blocks[1]["tasks"][1],
        json!({ "type": "task_card", "task_id": "unit", "title": "unit · 0s", "status": "in_progress" })
    );
}

#[test]
fn a_failure_says_what_and_its_thread_says_more() {
    let mut build = Build::begin(482, "Fix login redirect", &["lint", "unit"]);
    build.pass("lint").fail("unit", &["redirect_keeps_query", "logs_out"]);
    // While it still runs.
    let early = build.story();
    let log = b"running 2 tests\nthread 'a' panicked at src/auth.rs:88:9:\nassertion failed: `<b>` & @here\n";
    let excerpts = [("unit".to_owned(), Excerpt::of(log, 0, 12))].into();
    let message = view(&early, Moment::Failed, &excerpts).message();
    assert_eq!(message.text, "acme/web #482 is failing on main: unit");
    let said = words(&message);
    assert!(said.contains("*unit* failed (exit 101) at `make unit` — `auth::redirect_keeps_query` + 1 more test\n> redirect_keeps_query is wrong"), "{said}");

    let over = build.end("failure").story();
    let mut seen = view(&over, Moment::Failed, &excerpts);
    seen.red = Some(Red { first: 480, builds: 3, since: 0, mended: None });
    let message = seen.message();
    assert_eq!(message.text, "acme/web #482 FAILED on main: unit");
    let said = words(&message);
    assert!(said.contains("red for 3 builds, 15s, since <https://ci.example.com/o/acme/r/web/b/480|#480>"), "{said}");
    assert!(said.contains("Retry failed") && said.contains("I'm on it") && said.contains("Retry all jobs"), "{said}");
    let replies = seen.replies();
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0].key, "482:unit:1");
    let said = said_in(&replies[0]);
    assert!(said.contains("*unit* · step `make unit` · exit 101 · last 3 of 3 lines"), "{said}");
    assert!(said.contains("• `auth::logs_out`"), "{said}");
    // In letters of one width no markup is read.
    assert!(said.contains("assertion failed: `<b>` & @here"), "{said}");

    seen.red = Some(Red { first: 480, builds: 3, since: 1000, mended: Some((485, 4_321_000)) });
    let said = words(&seen.message());
    assert!(
        said.contains("mended by <https://ci.example.com/o/acme/r/web/b/485|#485> after 1h12m")
            && !said.contains("Retry"),
        "{said}"
    );
}

#[test]
fn a_first_line_of_a_log_is_told_where_no_test_says_more() {
    let over = Build::begin(7, "x", &["unit"]).fail("unit", &[]).end("failure").story();
    let excerpts = [("unit".to_owned(), Excerpt::of(b"error: <!here> it broke", 0, 12))].into();
    let said = words(&view(&over, Moment::Failed, &excerpts).message());
    assert!(said.contains("> error: &lt;!here&gt; it broke"), "{said}");
}

#[test]
fn who_is_waited_for_is_told_and_what_they_said() {
    let none = BTreeMap::new();
    let mut build = Build::begin(482, "Ship it", &["unit", "deploy"]);
    build.pass("unit").and(json!({ "type": "job/blocked", "jobId": "deploy" }));
    let message = view(&build.story(), Moment::Waiting, &none).message();
    assert_eq!(message.text, "Approval needed: deploy of acme/web #482");
    let buttons = message.blocks.last().expect("buttons");
    assert_eq!(buttons["elements"][0]["value"], "v1:acme/web/482/deploy");
    assert_eq!(buttons["elements"][1]["action_id"], "approval.reject");
    let story = build
        .and(json!({ "type": "job/unblocked", "jobId": "deploy", "actor": "bob", "via": "acme/slack" }))
        .pass("deploy")
        .end("success")
        .story();
    let said = words(&view(&story, Moment::Waiting, &none).message());
    assert!(said.contains("`deploy` approved by bob") && !said.contains("Approve\n"), "{said}");
}

#[test]
fn a_recovery_is_two_lines() {
    let none = BTreeMap::new();
    let story = Build::begin(485, "Mend it", &["unit"]).pass("unit").end("success").story();
    let mut seen = view(&story, Moment::Recovered, &none);
    seen.red = Some(Red { first: 482, builds: 3, since: -4_310_000, mended: None });
    let message = seen.message();
    assert_eq!(message.text, "acme/web main is green again (#485)");
    assert_eq!(
        words(&message),
        ":large_green_circle: *acme/web* `main` is green again — <https://ci.example.com/o/acme/r/web/b/485|#485>\nred for 1h12m · 3 builds · by ann · push · 9s"
    );
}

#[test]
fn an_approval_says_who_may_and_what_stands_there() {
    let mut build = Build::begin(482, "Ship it", &["unit", "deploy"]);
    build.of_environment("deploy", "live").pass("unit").and(json!({ "type": "job/blocked", "jobId": "deploy" }));
    let before = Before { build: 480, place: Some("main".into()), ended: -86_400_000 };
    let people = ["ann", "<@U1>"].map(str::to_owned).to_vec();
    let site = Site { description: Some("Europe".into()), approvers: people, role: None, before: Some(before) };
    let (sites, none) = ([("live".to_owned(), site)].into(), BTreeMap::new());
    let story = build.story();
    let seen = View { sites: &sites, ..view(&story, Moment::Waiting, &none) };
    let said = words(&seen.message());
    assert!(said.contains("*Approval needed* — `deploy` on *live* (Europe)\nOne of these lets it go on: ann or &lt;@U1&gt;. There now: <https://ci.example.com/o/acme/r/web/b/480|#480> of `main`, for 24h00m."), "{said}");
    let story = build.and(json!({ "type": "job/unblocked", "jobId": "deploy", "actor": "ann" })).pass("deploy").story();
    let seen = View { sites: &sites, ..view(&story, Moment::Deployed, &none) };
    assert_eq!(seen.message().text, "acme/web #482 is deployed to live on main", "before the build has ended");
    let said = words(&seen.message());
    assert!(said.contains(":rocket: *live* runs `1a2b3c4` now · before: <"), "{said}");
}

#[test]
fn a_test_that_cannot_be_relied_on_is_a_note_and_no_more() {
    let none = BTreeMap::new();
    let mut build = Build::begin(7, "x", &["unit"]);
    let case = json!({ "testCase": "adds", "className": "cart", "failures": [{ "message": "no" }] });
    let result = json!({ "cause": "failure", "exit": 1, "monkey.ci/tests": [{ "name": "t", "testCases": [case] }] });
    build.start("unit").and(json!({ "type": "job/executed", "jobId": "unit", "attempt": 1, "result": result }));
    build.and(json!({ "type": "job/queued", "jobId": "unit", "attempt": 2 }));
    build.and(json!({ "type": "job/executed", "jobId": "unit", "attempt": 2, "result": { "exit": 0 } }));
    let story = build.and(json!({ "type": "job/end", "jobId": "unit", "status": "success" })).end("success").story();
    let said = words(&view(&story, Moment::Succeeded, &none).message());
    assert!(said.contains(":game_die: flaky: `cart::adds` failed at first, and then did not"), "{said}");
    // The same over two builds of one commit.
    let story = Build::begin(8, "x", &["unit"]).pass("unit").end("success").story();
    let flaky = vec!["cart::adds".to_owned(), "b".to_owned()];
    let said = words(&View { flaky: &flaky, ..view(&story, Moment::Recovered, &none) }.message());
    assert!(said.contains("flaky: `cart::adds` + 1 more failed on this very commit before"), "{said}");
}

#[test]
fn what_of_a_log_does_not_fit_is_a_file() {
    let story = Build::begin(7, "x", &["unit"]).fail("unit", &[]).end("failure").story();
    let log = format!("{}error: it broke\n", format!("{}\n", "x".repeat(260)).repeat(30));
    let excerpts = [("unit".to_owned(), Excerpt::of(log.as_bytes(), 0, 12))].into();
    let mut seen = view(&story, Moment::Failed, &excerpts);
    assert_eq!(seen.replies().len(), 2, "twelve of these lines are too long for a message");
    seen.lines = 3;
    let replies = seen.replies();
    assert!(replies.len() == 1 && said_in(&replies[0]).contains("last 3 of 31 lines"), "{replies:?}");
    seen.lines = 0;
    assert!(!said_in(&seen.replies()[0]).contains("lines"));
    seen.lines = 100;
    let Said::File { name, content } = &seen.replies()[1].said else { panic!("no file") };
    assert_eq!((name.as_str(), content.lines().count()), ("unit-7-1.log", 31));
}

#[test]
fn a_link_shows_what_it_is_of() {
    let none = BTreeMap::new();
    let story = Build::begin(7, "x", &["lint", "unit"]).pass("lint").fail("unit", &["adds"]).story();
    let seen = view(&story, Moment::Started, &none);
    let said = |part: Part, lines| words(&Message { text: String::new(), blocks: seen.linked(&part, lines) });
    assert!(!said(Part::Build, None).contains("Cancel"));
    let job = said(Part::Job("unit".into()), None);
    assert!(job.contains(":x: *<https://ci.example.com/o/acme/r/web/b/7/j/unit|unit>* of <"), "{job}");
    assert!(job.contains("`auth::adds`\n> adds is wrong"), "{job}");
    let lines = said(Part::Lines("lint".into(), 3, 4), Some("a <b>\nc"));
    assert!(lines.contains("success after 2s · lines 3 to 4") && lines.contains("a <b>\nc"), "{lines}");
    assert_eq!(said(Part::Job("gone".into()), None), said(Part::Build, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_others_wrote_slack_takes_the_message_and_nobody_is_called(
        said in "\\PC{0,500}",
        extra in prop::sample::select(vec!["<!here>", "@channel", "<@U123>", "*`_~>", "\u{202e}x", "<https://x|y>"]),
        jobs in 1..120_usize,
        fails in 0..8_usize,
        tests in 0..30_usize,
        plan in any::<bool>(),
        notes in prop::collection::vec("\\PC{0,300}", 0..12),
    ) {
        let names: Vec<String> = (0..jobs).map(|at| format!("job-{at}-{}", "x".repeat(at % 80))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let cases: Vec<String> = (0..tests).map(|at| format!("{extra}{at}")).collect();
        let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
        let mut build = Build::begin(1, &format!("{extra}{said}{extra}"), &names);
        for name in names.iter().take(fails) {
            build.fail(name, &cases);
        }
        for over in [false, true] {
            if over {
                build.end(if fails > 0 { "failure" } else { "success" });
            }
            let story = build.story();
            let log = format!("{extra}\nerror: {said}{extra}\n").repeat(20);
            let excerpts = names.iter().map(|name| ((*name).to_owned(), Excerpt::of(log.as_bytes(), 9, 12))).collect();
            let mut seen = view(&story, Moment::Failed, &excerpts);
            seen.style = if plan { Style::Plan } else { Style::Compact };
            let notes: Vec<String> = notes.iter().map(|note| text::escape(note)).collect();
            seen.notes = &notes;
            let replies = seen.replies().into_iter().filter_map(|reply| match reply.said {
                Said::Words(message) => Some(message),
                Said::File { .. } => None,
            });
            for message in replies.chain([seen.message()]) {
                prop_assert!(ladder::fits(&message), "{message:?}");
                prop_assert!(!message.text.is_empty() && message.text.chars().count() <= 300);
                let mut marked = Vec::new();
                for block in message.blocks.iter().filter(|block| block["type"] == "section" || block["type"] == "context") {
                    marked.push(block["text"]["text"].as_str().unwrap_or_default().to_owned());
                    marked.extend(block["elements"].as_array().into_iter().flatten().filter_map(|piece| piece["text"].as_str().map(str::to_owned)));
                }
                for text in marked {
                    prop_assert!(!text.contains("<!") && !text.contains("<@") && !text.contains("@channel") && !text.contains("<https://x|"), "{text}");
                }
            }
            // Told again, it is the same.
            prop_assert_eq!(seen.message().digest(), seen.message().digest());
        }
    }
}
