//! Buttons and menus of messages, and what apps make of them.

use serde_json::json;
use slack_emulator::deed::{Click, Shortcut};

use crate::house::{House, button, section};

fn click(user: &str, action_id: &str) -> Click {
    Click { user: user.into(), channel: "builds".into(), action_id: action_id.into(), ..Click::default() }
}

#[tokio::test]
async fn a_button_says_who_pressed_it_where_and_the_message_is_changed() {
    let house = House::open().await;
    let slack = house.slack();
    let body =
        json!({ "channel": house.builds, "text": "web #1", "blocks": [section("failed"), button("retry", "1")] });
    let ts = house.must("chat.postMessage", body).await["ts"].as_str().expect("a ts").to_owned();
    let declined = slack.click(&Click { declines: true, ..click("ann", "retry") }).await;
    assert_eq!(declined.expect_err("ann says no").to_string(), "declined");
    let answered = slack.click(&click("ann", "retry")).await.expect("a button");
    assert!(answered.ok);
    let came = house.app.heard("block_actions").await;
    assert_eq!((&came["type"], &came["user"]["name"]), (&json!("block_actions"), &json!("ann")));
    assert_eq!(
        came["container"],
        json!({
            "type": "message", "message_ts": ts, "channel_id": house.builds, "is_ephemeral": false,
        })
    );
    assert_eq!((&came["actions"][0]["value"], &came["actions"][0]["block_id"]), (&json!("1"), &json!("row")));
    assert_eq!(came["message"]["ts"], json!(ts));
    let url = came["response_url"].as_str().expect("a URL");
    let body = json!({ "replace_original": true, "text": "retried by ann" });
    assert_eq!(house.post(url, "", body).await.expect("it answers").status, 200);
    let messages = slack.messages(&house.builds);
    assert_eq!((messages.len(), &messages[0]["text"]), (1, &json!("retried by ann")));
    assert!(slack.click(&click("ann", "retry")).await.is_err(), "the button is gone");
}

#[tokio::test]
async fn what_only_one_sees_only_one_presses() {
    let house = House::open().await;
    let slack = house.slack();
    let ann = slack.look(|world| world.person("ann").expect("ann").id.clone());
    let menu = json!({ "type": "section", "text": { "type": "plain_text", "text": "Which?" }, "block_id": "which",
        "accessory": { "type": "static_select", "action_id": "pick", "options": [
            { "text": { "type": "plain_text", "text": "One" }, "value": "1" },
            { "text": { "type": "plain_text", "text": "Two" }, "value": "2" },
        ] } });
    let body = json!({ "channel": house.builds, "user": ann, "text": "which?", "blocks": [menu] });
    let posted = house.must("chat.postEphemeral", body).await;
    assert!(slack.click(&click("bob", "pick")).await.is_err());
    let wrong = slack.click(&Click { choose: Some(json!("3")), ..click("ann", "pick") }).await;
    assert_eq!(wrong.expect_err("there is no third").to_string(), "there is no option `3`");
    slack.click(&Click { choose: Some(json!("2")), ..click("ann", "pick") }).await.expect("a menu");
    let came = house.app.heard("block_actions").await;
    assert_eq!(came["actions"][0]["selected_option"]["text"]["text"], "Two");
    assert_eq!(came["state"]["values"]["which"]["pick"]["selected_option"]["value"], "2");
    assert_eq!(came["container"]["is_ephemeral"], true);
    assert!(came.get("message").is_none());
    // It cannot be changed by its `ts`, and goes when its URL says so.
    let update = json!({ "channel": house.builds, "ts": posted["message_ts"], "text": "b" });
    assert_eq!(house.error("chat.update", update).await, "message_not_found");
    let url = came["response_url"].as_str().expect("a URL");
    house.post(url, "", json!({ "delete_original": true })).await.expect("it answers");
    assert!(slack.whispers(&house.builds, "ann").is_empty());
}

#[tokio::test]
async fn shortcuts_of_messages_bring_the_message() {
    let house = House::open().await;
    let ts = house.slack().say("ann", "builds", "is this red?", None).expect("said");
    let wanted = Shortcut {
        user: "bob".into(),
        callback_id: "again".into(),
        channel: Some("builds".into()),
        ts: Some(ts.clone()),
    };
    house.slack().shortcut(&wanted).await.expect("a shortcut");
    let came = house.app.heard("message_action").await;
    assert_eq!((&came["message_ts"], &came["message"]["text"]), (&json!(ts), &json!("is this red?")));
    let global = Shortcut { user: "bob".into(), callback_id: "run".into(), ..Shortcut::default() };
    house.slack().shortcut(&global).await.expect("a shortcut");
    assert!(house.app.heard("shortcut").await["trigger_id"].is_string());
    let none = Shortcut { user: "bob".into(), callback_id: "again".into(), ..Shortcut::default() };
    assert!(house.slack().shortcut(&none).await.is_err(), "that one is of messages");
}
