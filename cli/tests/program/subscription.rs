//! Subscriptions, statistics and dry runs, asked of a real server from the terminal.

use crate::served::Served;
use crate::shell::until;

#[test]
fn somebody_subscribes_a_webhook_looks_what_it_is_told_and_why_and_removes_it() {
    let served = Served::with_script("- {id: unit, script: ['false']}\n- {id: lint, script: ['true']}\n");
    let org = ["--org", "acme"];
    let subscription = |words: &[&str]| served.does(&[&["subscription"][..], words, &org].concat());
    assert_eq!(subscription(&["list"]), "No subscriptions\n");
    let set = subscription(&["set", "deploys", "https://hooks.example.com/ci", "--on", "failed", "--job", "unit"]);
    assert!(set.contains("Set `deploys`") && set.contains("whsec_"), "{set}");
    let listed = subscription(&["list"]);
    assert!(listed.contains("deploys  failed  all    all   https://hooks.example.com/ci"), "{listed}");

    assert_eq!(served.run(&["run", "acme/web"]).code, Some(1));
    let why = served.does(&["subscription", "why", "acme/web/1"]);
    assert!(why.contains("deploys  failed  a build of `web`"), "{why}");
    until("it is noted", || subscription(&["deliveries", "deploys"]).contains("acme/web#1"));
    let told = subscription(&["deliveries", "deploys"]);
    assert!(told.contains("acme/web#1") && told.contains("failed"), "{told}");
    let id = told.lines().nth(1).and_then(|line| line.split_whitespace().next()).expect("an id").to_owned();
    assert_eq!(subscription(&["redeliver", "deploys", &id]), format!("`{id}` is sent again\n"));
    assert!(subscription(&["test", "deploys"]).starts_with("A test is sent to the webhook; "));
    assert!(subscription(&["deliveries", "deploys"]).contains("acme/example#1"));

    assert_eq!(subscription(&["pause", "deploys"]), "Paused `deploys`\n");
    assert!(subscription(&["list"]).contains("paused"));
    let why = served.does(&["subscription", "why", "acme/web/1"]);
    assert!(why.contains("it is paused"), "{why}");
    assert_eq!(subscription(&["resume", "deploys"]), "Resumed `deploys`\n");
    let rotated = subscription(&["rotate", "deploys"]);
    assert!(rotated.contains("whsec_"), "{rotated}");
    let shown: serde_json::Value = serde_json::from_str(&subscription(&["show", "deploys"])).expect("JSON");
    assert_eq!((&shown["rotating"], &shown["secret"]), (&true.into(), &serde_json::Value::Null));
    // What a chat calls it, a terminal does too.
    subscription(&["set", "deploys", "https://hooks.example.com/ci", "--on", "approval,failure", "--event", "pr"]);
    let shown: serde_json::Value = serde_json::from_str(&subscription(&["show", "deploys"])).expect("JSON");
    assert_eq!(shown["on"], serde_json::json!(["failed", "waiting"]));
    assert_eq!(shown["events"], serde_json::json!(["pull-request"]));
    assert_eq!(subscription(&["remove", "deploys"]), "Removed `deploys`\n");

    for (words, why) in [
        (&["set", "team", "--mail", "team@example.com"][..], "[mail]"),
        (&["set", "team", "https://example.com", "--mail", "team@example.com"], "cannot be used with"),
        (&["set", "team"], "required"),
        (&["set", "team", "https://example.com", "--on", "breakfast"], "breakfast"),
        (&["set", "team", "https://example.com", "--on", "fialed"], "did you mean `failed`?"),
        (&["set", "team", "https://example.com", "--event", "scedule"], "did you mean `schedule`?"),
        (&["test", "nobody"], "no such subscription"),
    ] {
        let ran = served.run(&[&["subscription"][..], words, &org].concat());
        assert_eq!(ran.code, Some(2), "{words:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(why), "{words:?}: {}", ran.stderr);
    }
}

#[test]
fn how_builds_went_is_shown_of_a_repository_and_of_an_organisation() {
    let served = Served::with_script("- {id: unit, script: ['test -e MARKER']}\n");
    assert_eq!(served.does(&["stats", "acme/web"]), "No build in 30 days\n");
    assert_eq!(served.run(&["run", "acme/web"]).code, Some(1));
    std::fs::write(served.place.marker(), "").expect("written");
    served.does(&["run", "acme/web"]);
    for arguments in [&["stats", "acme/web"][..], &["stats", "--org", "acme", "--days", "7"]] {
        let shown = served.does(arguments);
        assert!(shown.contains("2 builds in ") && shown.contains("1 passed, 50%, 1 failed"), "{shown}");
        assert!(shown.contains("unit") && shown.contains("50.0%"), "{shown}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&served.run(&["stats", "acme/web", "--json"]).stdout).expect("JSON");
    assert_eq!((&json["sample"], json["days"].as_array().map(Vec::len)), (&2.into(), Some(30)));
    assert_eq!(served.run(&["stats", "acme/web", "--days", "0"]).code, Some(2));
}

#[test]
fn a_file_is_looked_at_as_a_server_would_and_what_is_wrong_is_named() {
    let served = Served::with_script("[]");
    served.place.write("good.json", r#"{ "cron": "0 3 * * *", "timezone": "Europe/Brussels" }"#);
    served.place.write("wrong.json", r#"{ "cron": "61 * * * *" }"#);
    served.place.write("broken.json", "{\n  \"cron\": ");
    assert_eq!(
        served.does(&["validate", "schedule", "good.json", "--name", "nightly"]),
        "`good.json` can be used as `schedule`\n"
    );
    let wrong = served.run(&["validate", "schedule", "wrong.json"]);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("`wrong.json`: /cron: "), "{}", wrong.stderr);
    for (arguments, why) in [
        (&["validate", "schedule", "broken.json"][..], "line 2"),
        (&["validate", "breakfast", "good.json"], "breakfast"),
        (&["validate", "schedule", "none.json"], "none.json"),
    ] {
        let ran = served.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(why), "{arguments:?}: {}", ran.stderr);
    }
}
