//! Commands are delivered, answered in time or not, and answered later.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::Answer;
use crate::house::{House, section};

#[tokio::test]
async fn a_command_is_signed_and_its_answer_seen_by_whom_it_is_for() {
    let house = House::open().await;
    let slack = house.slack();
    house.app.says(json!({ "text": "it runs" }));
    let answered = slack.command("ann", "builds", "/build run web @bob in #builds").await.expect("a command");
    assert!(answered.ok, "{answered:?}");
    let came = &house.came(1).await[0];
    let bob = slack.look(|world| world.person("bob").expect("bob").id.clone());
    assert_eq!(came["text"], format!("run web <@{bob}|bob> in <#{}|builds>", house.builds));
    assert_eq!((&came["command"], &came["team_domain"]), (&json!("/build"), &json!("acme-inc")));
    let whispers = slack.whispers(&house.builds, "ann");
    assert_eq!((&whispers[0]["text"], &whispers[0]["is_ephemeral"]), (&json!("it runs"), &json!(true)));
    assert!(slack.messages(&house.builds).is_empty() && slack.whispers(&house.builds, "bob").is_empty());

    house.app.says(json!({ "response_type": "in_channel", "blocks": [section("seen by all")] }));
    slack.command("ann", "builds", "/build status").await.expect("a command");
    assert_eq!(slack.messages(&house.builds)[0]["blocks"][0]["text"]["text"], "seen by all");
    let unknown = slack.command("ann", "builds", "/deploy").await.expect_err("nobody has it");
    assert_eq!(unknown.to_string(), "`/deploy` is not a valid command");
}

#[tokio::test]
async fn an_app_that_is_late_or_wrong_fails_the_command() {
    let house = House::open().await;
    let slack = house.slack();
    let answers = [
        (Answer::Never, "operation_timeout"),
        (Answer::Says(500, Value::Null), "dispatch_failed"),
        (Answer::Says(200, json!({ "blocks": [{ "type": "nonsense" }] })), "invalid_command_response"),
    ];
    for (answer, error) in answers {
        house.app.answer(answer);
        let answered = slack.command("ann", "builds", "/build run").await.expect("a command");
        assert_eq!((answered.ok, answered.error.as_deref()), (false, Some(error)));
        let told = slack.whispers(&house.builds, "ann").pop().expect("it is told");
        assert_eq!(told["text"], format!("/build failed with the error \"{error}\""));
    }
}

#[tokio::test]
async fn a_response_url_takes_five_answers_within_half_an_hour() {
    let house = House::open().await;
    let slack = house.slack();
    slack.clock().run(0.0);
    slack.command("ann", "builds", "/build run").await.expect("a command");
    let url = house.came(1).await[0]["response_url"].as_str().expect("a URL").to_owned();
    let post = async |body: Value| {
        let answer = house.post(&url, "", body).await.expect("it answers");
        (answer.status, answer.text)
    };
    assert_eq!(post(json!({ "text": "one" })).await, (200, "ok".into()));
    assert_eq!(post(json!({ "text": "too soon" })).await.0, 429);
    for text in ["two", "three", "four"] {
        slack.clock().advance(Duration::from_secs(1));
        assert_eq!(post(json!({ "text": text })).await.0, 200);
    }
    slack.clock().advance(Duration::from_secs(1));
    assert_eq!(post(json!({ "response_type": "in_channel", "text": "five" })).await.0, 200);
    assert_eq!(slack.whispers(&house.builds, "ann").len(), 4);
    assert_eq!(slack.messages(&house.builds).len(), 1);
    slack.clock().advance(Duration::from_secs(1));
    assert_eq!(post(json!({ "text": "six" })).await, (404, r#"{"ok":false,"error":"used_url"}"#.into()));

    slack.command("ann", "builds", "/build run").await.expect("a command");
    let url = house.app.heard("/build").await["response_url"].as_str().expect("a URL").to_owned();
    slack.clock().advance(Duration::from_secs(1801));
    let late = house.post(&url, "", json!({ "text": "late" })).await.expect("it answers");
    assert_eq!((late.status, late.text), (404, r#"{"ok":false,"error":"expired_url"}"#.into()));
}

#[tokio::test]
async fn what_is_delivered_can_be_sent_again_by_one_who_listened() {
    let house = House::open().await;
    house.slack().command("ann", "builds", "/build run").await.expect("a command");
    let number = house.slack().look(|world| world.deliveries.len() - 1);
    for (way, status) in [("replay", 200), ("forged", 401), ("changed", 401), ("old", 401), ("unsigned", 401)] {
        let answered = house.slack().send_again(number, way).await.expect("it is sent");
        assert_eq!(answered, Some(status), "{way}");
    }
    house.slack().verify(&house.app_id).await.expect("the URL is the app's");
}
