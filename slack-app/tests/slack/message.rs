//! What is said of a build.

use std::collections::BTreeMap;

use monkeyci_client::rest::Moment;
use monkeyci_grammar::{Style, Thread};
use monkeyci_slack::message::{Excerpt, Message, Red, Story, View, ladder, text};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::build::Build;

fn view<'a>(story: &'a Story, on: Moment, excerpts: &'a BTreeMap<String, Excerpt>) -> View<'a> {
    View {
        story,
        server: "https://ci.example.com",
        on,
        style: Style::Compact,
        thread: Thread::OnFailure,
        excerpts,
        red: None,
        claimed: None,
        notes: &[],
        author: None,
    }
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
    let said = words(&replies[0].message);
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
            let replies = seen.replies().into_iter().map(|reply| reply.message);
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
