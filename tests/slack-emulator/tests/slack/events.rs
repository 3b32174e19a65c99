//! Apps hear of what happens, and again when they did not hear.

use std::time::Duration;

use serde_json::{Value, json};

use crate::app::Answer;
use crate::house::House;

#[tokio::test]
async fn an_app_hears_of_mentions_messages_and_what_is_removed() {
    let house = House::open().await;
    let slack = house.slack();
    let ts = slack.say("ann", "builds", &format!("<@{}> status", house.bot), None).expect("said");
    let came = house.came(2).await;
    let mut kinds: Vec<_> = came.iter().map(|one| one["event"]["type"].as_str().expect("a type")).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["app_mention", "message"]);
    assert_eq!(came[0]["authorizations"][0]["user_id"], json!(house.bot));
    assert_ne!(came[0]["event_id"], came[1]["event_id"]);
    slack.remove("ann", "builds", &ts).expect("removed");
    let gone = &house.came(3).await[2]["event"];
    assert_eq!((&gone["subtype"], &gone["deleted_ts"]), (&json!("message_deleted"), &json!(ts)));
    assert!(slack.remove("ann", "builds", &ts).is_err());

    let (channel, _) = slack.say_to_app("ann", &house.app_id, "logs a<b").expect("said");
    let direct = &house.came(4).await[3]["event"];
    assert_eq!((&direct["channel_type"], &direct["channel"]), (&json!("im"), &json!(channel)));
    assert_eq!(direct["text"], "logs a&lt;b");
}

#[tokio::test]
async fn an_event_that_is_not_heard_is_told_four_times() {
    let house = House::open().await;
    let slack = house.slack();
    slack.clock().run(0.0);
    house.app.answer(Answer::Says(503, Value::Null));
    slack.react("ann", "builds", "1.2", "eyes").expect_err("there is no such message");
    slack.say("ann", "builds", "hello", None).expect("said");
    house.app.came(3).await;
    assert_eq!(house.app.so_far().len(), 3, "the first retry is at once, the second after a minute");
    slack.clock().advance(Duration::from_secs(60));
    house.app.came(4).await;
    slack.clock().advance(Duration::from_secs(240));
    let came = house.app.came(5).await;
    let told: Vec<_> = came[1..].iter().map(|one| one.retry.as_ref().map(|(number, _)| number.as_str())).collect();
    assert_eq!(told, [None, Some("1"), Some("2"), Some("3")]);
    assert_eq!(came[2].retry.as_ref().map(|(_, why)| why.as_str()), Some("http_error"));
    let ids: std::collections::BTreeSet<_> = came[1..].iter().map(|one| one.payload["event_id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "it is the same event");

    house.app.answer(Answer::Enough);
    slack.say("ann", "builds", "once", None).expect("said");
    house.app.came(6).await;
    slack
        .until("it is given up", |world| {
            world.deliveries.last().filter(|one| !one.attempts.is_empty()).map(|one| assert_eq!(one.attempts.len(), 1))
        })
        .await;
}

#[tokio::test]
async fn links_are_unfurled_and_the_preview_changes_in_place() {
    let house = House::open().await;
    let slack = house.slack();
    let url = "https://ci.example.com/acme/web/builds/1";
    let ts = slack.say("ann", "builds", &format!("look: {url} and https://elsewhere.example.com"), None).expect("said");
    let came = house.came(2).await;
    let shared = came.iter().find(|one| one["event"]["type"] == "link_shared").expect("it hears of it");
    assert_eq!(shared["event"]["links"], json!([{ "domain": "ci.example.com", "url": url }]));
    let block = |text: &str| json!({ url: { "blocks": [crate::house::section(text)] } });
    house.must("chat.unfurl", json!({ "channel": house.builds, "ts": ts, "unfurls": block("runs") })).await;
    let id = &shared["event"]["unfurl_id"];
    let body = json!({ "unfurl_id": id, "source": "conversations_history", "unfurls": block("went well") });
    house.must("chat.unfurl", body).await;
    let message = &slack.messages(&house.builds)[0];
    assert_eq!(message["attachments"].as_array().expect("attachments").len(), 1);
    assert_eq!(message["attachments"][0]["blocks"][0]["text"]["text"], "went well");
    let foreign = json!({ "https://elsewhere.example.com": { "text": "a" } });
    let body = json!({ "channel": house.builds, "ts": ts, "unfurls": foreign });
    assert_eq!(house.error("chat.unfurl", body).await, "cannot_unfurl_url");
}

#[tokio::test]
async fn an_app_that_lacks_the_scope_or_is_not_there_hears_nothing() {
    let house = House::open().await;
    let slack = house.slack();
    let elsewhere = slack.channel(&house.team, "elsewhere", &["ann"]).expect("a channel");
    slack.say("ann", "elsewhere", "hello", None).expect("said");
    slack.react("ann", "builds", &slack.say("ann", "builds", "a", None).expect("said"), "eyes").expect("a reaction");
    let came = house.came(2).await;
    assert!(came.iter().all(|one| one["event"]["channel"] != json!(elsewhere)), "{came:#?}");
    slack.uninstall(&house.app_id, &house.team);
    let came = house.came(4).await;
    assert!(came.iter().any(|one| one["event"]["type"] == "app_uninstalled"));
    assert!(came.iter().any(|one| one["event"]["type"] == "tokens_revoked"));
}
