//! What is told, to whom, and what becomes of it when nobody listens.

use monkeyci_plugin_notify::{Format, Notifier, pushover, webhook};
use monkeyci_sdk::http::{Asked, Fake, Reply};
use monkeyci_sdk::model::Cause;
use monkeyci_sdk::model::result::{LineResult, TestCase, TestProblem, TestSuite};
use monkeyci_sdk::prelude::*;
use monkeyci_sdk::scenario::Run;
use serde_json::{Value, json};

/// Two jobs, of which one waits for a person, and those that tell.
fn plan(notifier: &Notifier) -> Plan {
    let test = process("test").run("make test");
    let lint = process("lint").allow_failure();
    let deploy = process("deploy").after(&test).blocked();
    let late = process("late").after(&deploy);
    let plan = Plan::from((test, lint, deploy, late));
    let tell = notifier.when_over(&plan);
    plan.with(tell)
}

/// A result with all that can be told of a failure.
fn failed() -> JobResult {
    let problem = TestProblem { message: "expected <200>\n& got @here".into(), ..TestProblem::default() };
    let case = TestCase {
        class_name: "web".into(),
        test_case: "login".into(),
        failures: vec![problem],
        ..TestCase::default()
    };
    let suite = TestSuite {
        tests: 80,
        failures: 1,
        skipped: 2,
        test_cases: vec![TestCase::default(), case],
        ..TestSuite::default()
    };
    JobResult {
        lines: vec![LineResult { index: 0, exit: Some(101), duration: 12_500, log_offset: 0 }],
        tests: vec![suite],
        ..JobResult::failed(Cause::Failure, "line 1 ended with 101")
    }
}

fn scenario(plan: Plan, failing: bool) -> Scenario {
    let scenario = Scenario::of(plan);
    if failing { scenario.resulting("test", failed()) } else { scenario }
}

fn played(scenario: Scenario, url: &str) -> Run {
    let checkout = tempfile::tempdir().expect("a folder");
    let ctx = Ctx::on_branch("main").with_commit("c0ffee").with_build("acme/web/build-12");
    let ctx = ctx.param("hook", url).param("key", "Jefe").param("token", "t").param("user", "u");
    scenario.acting(&ctx, checkout.path()).run()
}

fn chat(status: u16) -> Fake {
    Fake::serving(move |_: &Asked| Reply::status(status))
}

/// What a webhook of this format gets when the test fails, or not.
fn sent(format: Format, failing: bool) -> Value {
    let chat = chat(200);
    let run = played(scenario(plan(&webhook("hook").format(format)), failing), chat.url());
    assert_eq!(run.status("notify"), JobStatus::Success, "{run:?}");
    assert_eq!(run.result("notify").expect("it ran").values["notified"], true);
    let asked = chat.asked();
    assert_eq!((asked.len(), asked[0].line().as_str()), (1, "POST /"));
    assert_eq!(asked[0].header("content-type"), Some("application/json"));
    assert_eq!(asked[0].header("x-monkeyci-event"), Some("build/over"));
    asked[0].json()
}

#[test]
fn a_webhook_gets_the_news_as_json() {
    assert_eq!(
        sent(Format::Json, true),
        json!({
            "version": 1, "event": "build/over", "status": "failure", "build": "acme/web/build-12", "branch": "main",
            "commit": "c0ffee", "counts": {"failure": 1, "skipped": 2, "success": 1},
            "jobs": [
                {
                    "id": "test", "status": "failure", "attempt": 1, "seconds": 12.5, "message": "line 1 ended with 101",
                    "tests": {
                        "total": 80, "failed": 1, "skipped": 2,
                        "failures": [{"test": "web::login", "message": "expected <200>\n& got @here"}],
                    },
                },
                {"id": "lint", "status": "success", "attempt": 1},
                {"id": "deploy", "status": "skipped", "attempt": 0},
                {"id": "late", "status": "skipped", "attempt": 0},
            ],
        })
    );
}

#[test]
fn what_waits_for_a_person_is_told_and_not_waited_for() {
    let hook = webhook("hook");
    assert_eq!(plan(&hook)["notify"].dependencies(), ["test", "lint"]);
    let news = sent(Format::Json, false);
    assert_eq!(
        (&news["status"], &news["jobs"][0]["id"], &news["jobs"][0]["status"]),
        (&json!("blocked"), &json!("deploy"), &json!("blocked"))
    );
    let text = sent(Format::Slack, false)["text"].as_str().expect("a text").to_owned();
    assert_eq!(
        text,
        "*acme/web/build-12 (main): went well so far, and waits for approval*\nwaits for approval: deploy\n\
         jobs: 1 blocked, 1 pending, 2 success"
    );
}

#[test]
fn those_who_tell_are_not_told_of() {
    let chat = chat(200);
    let all = Plan::from(process("test"));
    let (slack, json) = (webhook("hook").format(Format::Slack), webhook("hook").id("tell"));
    let (slack, json) = (slack.when_over(&all), json.when_over(&all));
    assert!(played(Scenario::of(all.with((slack, json))), chat.url()).succeeded());
    let asked = chat.asked();
    assert_eq!(asked[0].json()["text"], "*acme/web/build-12 (main): went well*\njobs: 1 success");
    assert_eq!((&asked[1].json()["status"], &asked[1].json()["counts"]), (&json!("success"), &json!({ "success": 1 })));
}

#[test]
fn an_allowed_failure_fails_no_build() {
    let chat = chat(204);
    let all = process("lint").allow_failure();
    let all = Plan::from(all);
    let tell = webhook("hook").when_over(&all);
    played(Scenario::of(all.with(tell)).failing("lint"), chat.url());
    let news = chat.asked()[0].json();
    assert_eq!((&news["status"], &news["jobs"][0]["allowed"]), (&json!("success"), &json!(true)));
}

#[test]
fn a_chat_gets_a_text_in_its_own_words() {
    let z = '\u{200b}';
    assert_eq!(
        sent(Format::Slack, true),
        json!({ "text": format!(
            "*acme/web/build-12 (main): failed*\n• *test* failed after 12.5 s: line 1 ended with 101\n  1 of 80 tests failed\n  \
             ◦ web::login: expected &lt;200&gt; &amp; got @{z}here\njobs: 1 failure, 2 skipped, 1 success"
        )})
    );
    let mattermost = sent(Format::Mattermost, true)["text"].as_str().expect("a text").to_owned();
    assert!(mattermost.starts_with("**acme/web/build-12 (main): failed**\n• **test** failed"), "{mattermost}");
    assert!(mattermost.contains(&format!("expected \\<200\\> & got @{z}here")), "{mattermost}");
    let discord = sent(Format::Discord, true);
    assert_eq!(discord["allowed_mentions"], json!({ "parse": [] }));
    assert!(discord["content"].as_str().expect("a text").contains("◦ web::login: expected \\<200\\> & got @here"));
    let teams = sent(Format::Teams, true);
    let card = &teams["attachments"][0];
    assert_eq!(
        (&teams["type"], &card["contentType"]),
        (&json!("message"), &json!("application/vnd.microsoft.card.adaptive"))
    );
    assert_eq!(card["content"]["body"][1]["text"], "• **test** failed after 12.5 s: line 1 ended with 101");
}

#[test]
fn a_body_is_signed_by_a_key_that_both_sides_know() {
    let chat = chat(200);
    played(scenario(plan(&webhook("hook").signed_by("key")), false), chat.url());
    let asked = &chat.asked()[0];
    let signature = asked.header("x-monkeyci-signature").expect("signed");
    assert!(signature.starts_with("sha256=") && signature.len() == 7 + 64, "{signature}");
    let run = played(scenario(plan(&webhook("hook").signed_by("none")), false), chat.url());
    let warnings = &run.result("notify").expect("it ran").warnings;
    assert!(warnings[0].contains("no param `none`, the key by which"), "{warnings:?}");
    assert_eq!(chat.asked().len(), 1, "nothing is sent unsigned");
}

#[test]
fn only_failures_are_told_where_that_is_wanted() {
    let chat = chat(200);
    let quiet = plan(&webhook("hook").on_failure());
    assert_eq!(played(scenario(quiet.clone(), false), chat.url()).status("notify"), JobStatus::Skipped);
    assert_eq!(played(scenario(quiet, true), chat.url()).status("notify"), JobStatus::Success);
    assert_eq!(chat.asked().len(), 1);
}

#[test]
fn a_message_that_cannot_be_sent_is_a_warning_and_tells_no_url() {
    let chat = Fake::serving(|_: &Asked| Reply::status(404).body("no_service"));
    let url = format!("{}/services/s3cret?sig=s3cret", chat.url());
    let run = played(scenario(plan(&webhook("hook")), false), &url);
    assert_eq!(run.status("notify"), JobStatus::Success);
    let result = run.result("notify").expect("it ran");
    assert_eq!(result.warnings, ["nobody was told: the webhook in param `hook`: it answered 404: no_service"]);
    assert_eq!(result.values["notified"], false);

    let required = plan(&webhook("hook").required());
    for (url, why) in [
        (url.as_str(), "the webhook in param `hook`: it answered 404: no_service"),
        ("", "this build has no param `hook`, the URL of a webhook: add it"),
        (
            "ftp://example.com/s3cret",
            "the webhook in param `hook`: it was not asked: only `http` and `https` are asked",
        ),
    ] {
        let run = played(scenario(required.clone(), false), url);
        assert_eq!(run.outcome("notify").and_then(Outcome::why), Some(why));
    }
}

#[test]
fn a_fork_has_no_secrets_and_tells_nobody() {
    let checkout = tempfile::tempdir().expect("a folder");
    let scenario = Scenario::of(plan(&webhook("hook").required()));
    let run = scenario.acting(&Ctx::on_branch("x").of_fork(), checkout.path()).run();
    let result = run.result("notify").expect("it ran");
    assert_eq!((run.status("notify"), result.warnings.len()), (JobStatus::Success, 0));
}

#[test]
fn a_job_may_be_told_of_by_itself() {
    let chat = chat(200);
    let team = webhook("hook");
    let noisy = team.when_fails(process("test")).judged_by(|_: &Act, _: &JobResult| {});
    let by_property = |wanted: Value| {
        let late = extension("late").after(|_: &Act, _: &JobResult| Outcome::failure("too late"));
        Plan::from(process("test").extension("notify", wanted).extension("late", true))
            .using(late)
            .using(team.extension())
    };
    for (scenario, told) in [
        (scenario(noisy.clone().into(), false), None),
        (scenario(noisy.into(), true), Some("line 1 ended with 101")),
        (scenario(by_property(json!(true)), false), Some("too late")),
        (scenario(by_property(json!(false)), false), None),
    ] {
        let before = chat.asked().len();
        let run = played(scenario, chat.url());
        let asked = chat.asked();
        let news = asked.get(before).map(Asked::json);
        assert_eq!(news.as_ref().and_then(|news| news["jobs"][0]["message"].as_str()), told, "{run:?}");
        if let Some(news) = news {
            assert_eq!((&news["event"], &news["status"]), (&json!("job/failed"), &json!("failure")));
        }
    }
    let run = played(scenario(by_property(json!("yes")), false), chat.url());
    let warnings = &run.result("test").expect("it ran").warnings;
    assert!(warnings[0].starts_with("`notify` of job `test`: invalid type: string"), "{warnings:?}");
}

#[test]
fn pushover_gets_what_fits_a_phone() {
    let phone = chat(200);
    let notifier = pushover("token", "user").base_url(phone.url());
    played(scenario(plan(&notifier), true), "");
    let asked = &phone.asked()[0];
    assert_eq!(asked.line(), "POST /1/messages.json");
    let text = asked.text();
    assert!(text.starts_with("token=t&user=u&title=acme%2Fweb%2Fbuild-12%20%28main%29%3A%20failed&message="), "{text}");
    assert!(text.contains("test%20failed%20after%2012.5%20s"), "{text}");
    played(scenario(plan(&notifier.title("Web").message("Done.")), false), "");
    assert!(phone.asked()[1].text().ends_with("title=Web&message=Done."));
}

#[test]
fn a_build_of_many_jobs_is_told_in_few_words() {
    let chat = chat(200);
    let many: Vec<Job> = (0..300).map(|number| process(&format!("job-{number}"))).collect();
    let ids: Vec<String> = many.iter().map(|job| job.id().to_owned()).collect();
    let all = Plan::from(many);
    for (format, most) in [(Format::Json, 200), (Format::Discord, 0)] {
        let tell = webhook("hook").format(format).when_over(&all);
        let scenario = ids.iter().fold(Scenario::of(all.clone().with(tell)), |scenario, id| {
            scenario.resulting(id, JobResult::failed(Cause::Failure, "*".repeat(5000)))
        });
        played(scenario, chat.url());
        let body = chat.asked().last().expect("told").json();
        assert_eq!(body["jobs"].as_array().map_or(0, Vec::len), most);
        assert!(body["content"].as_str().is_none_or(|text| text.chars().count() <= 2000 && text.ends_with('…')));
    }
    assert_eq!(chat.asked()[0].json()["counts"], json!({ "failure": 300 }));
}
