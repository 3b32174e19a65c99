//! Messages are posted, changed and removed, or refused with Slack's words.

use serde_json::{Value, json};

use crate::house::{House, section};

#[tokio::test]
async fn a_message_is_posted_changed_answered_and_removed() {
    let house = House::open().await;
    house.slack().change(|world| world.habits.limits = false);
    let who = house.must("auth.test", json!({})).await;
    assert_eq!((&who["team"], &who["user_id"]), (&json!("Acme Inc"), &json!(house.bot)));
    let metadata = json!({ "event_type": "build", "event_payload": { "number": 1 } });
    let blocks = json!([section("*web #1* runs")]);
    let body = json!({ "channel": "#builds", "text": "web #1", "blocks": blocks, "metadata": metadata });
    let posted = house.must("chat.postMessage", body).await;
    assert_eq!(posted["channel"], json!(house.builds));
    let ts = posted["ts"].as_str().expect("a ts");
    assert_eq!(posted["message"]["metadata"], metadata);
    assert!(!posted["message"]["blocks"][0]["block_id"].as_str().expect("an id").is_empty());

    // A form says the same as JSON.
    let blocks = json!([section("*web #1* went well")]).to_string();
    let changed = house
        .form("chat.update", &[("channel", &house.builds), ("ts", ts), ("text", "went well"), ("blocks", &blocks)])
        .await;
    assert_eq!(changed["message"]["blocks"][0]["text"]["text"], "*web #1* went well");
    assert_eq!(changed["message"]["edited"]["user"], json!(house.bot));
    assert_eq!(changed["message"]["metadata"], metadata, "what is not given stays");

    let reply = json!({ "channel": house.builds, "thread_ts": ts, "text": "log" });
    let reply = house.must("chat.postMessage", reply).await;
    let replies = house.slack().replies(&house.builds, ts);
    assert_eq!(replies[0]["ts"], reply["ts"]);
    assert_eq!(house.slack().messages(&house.builds)[0]["reply_count"], 1);

    // With replies, a stone stays in its place.
    house.must("chat.delete", json!({ "channel": house.builds, "ts": ts })).await;
    assert_eq!(house.slack().messages(&house.builds)[0]["text"], "This message was deleted.");
    let update = json!({ "channel": house.builds, "ts": ts, "text": "again" });
    assert_eq!(house.error("chat.update", update).await, "cant_update_message");
    house.must("chat.delete", json!({ "channel": house.builds, "ts": reply["ts"] })).await;
    let update = json!({ "channel": house.builds, "ts": reply["ts"], "text": "again" });
    assert_eq!(house.error("chat.update", update).await, "message_not_found");
}

#[tokio::test]
async fn what_is_not_given_stays_and_a_reply_to_what_is_gone_stands_in_the_channel() {
    let house = House::open().await;
    house.slack().change(|world| world.habits.limits = false);
    let body =
        json!({ "channel": house.builds, "text": "one", "blocks": [section("a")], "attachments": [{ "text": "b" }] });
    let ts = house.must("chat.postMessage", body).await["ts"].clone();
    let update = async |more: Value| {
        let mut body = json!({ "channel": house.builds, "ts": ts });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        house.must("chat.update", body).await["message"].clone()
    };
    let changed = update(json!({ "text": "two" })).await;
    assert_eq!(changed["blocks"][0]["text"]["text"], "a");
    let changed = update(json!({ "text": "three", "blocks": [], "attachments": [] })).await;
    assert!(changed.get("blocks").is_none() && changed.get("attachments").is_none(), "{changed}");

    house.must("chat.delete", json!({ "channel": house.builds, "ts": ts })).await;
    let late =
        house.must("chat.postMessage", json!({ "channel": house.builds, "thread_ts": ts, "text": "late" })).await;
    assert!(late["message"].get("thread_ts").is_none(), "{late}");
    assert_eq!(house.slack().messages(&house.builds).len(), 1);
    let replies = [("channel", house.builds.as_str()), ("ts", ts.as_str().expect("a ts"))];
    assert_eq!(house.form("conversations.replies", &replies).await["error"], "thread_not_found");
}

#[tokio::test]
async fn what_slack_refuses_is_refused_in_its_words() {
    let house = House::open().await;
    let (slack, builds) = (house.slack(), house.builds.as_str());
    slack.change(|world| world.habits.limits = false);
    let new = |name: &str, is_private| slack_emulator::setup::NewChannel {
        team: house.team.clone(),
        name: name.to_owned(),
        is_private,
        members: vec!["ann".into()],
        ..Default::default()
    };
    let secret = slack.new_channel(&new("secret", true)).expect("a channel");
    let old = slack.new_channel(&new("old", false)).expect("a channel");
    let archive = slack_emulator::setup::ChannelChange { archived: Some(true), ..Default::default() };
    slack.change_channel(&old, &archive).expect("archived");
    let anns = slack.say("ann", "builds", "hello", None).expect("said");
    let long = "a".repeat(40_001);
    let (wide, many) = (json!([section(&"a".repeat(3001))]), json!(vec![section("a"); 51]));
    let total = json!(vec![section(&"a".repeat(2900)); 5]);
    let post = "chat.postMessage";
    let table = [
        (post, json!({ "channel": "C404", "text": "a" }), "channel_not_found"),
        (post, json!({ "channel": secret, "text": "a" }), "channel_not_found"),
        (post, json!({ "channel": old, "text": "a" }), "is_archived"),
        (post, json!({ "channel": builds }), "no_text"),
        (post, json!({ "text": "a" }), "invalid_arguments"),
        (post, json!({ "channel": builds, "text": long }), "msg_too_long"),
        (post, json!({ "channel": builds, "blocks": wide }), "invalid_blocks"),
        (post, json!({ "channel": builds, "blocks": many }), "invalid_blocks"),
        (post, json!({ "channel": builds, "blocks": total }), "msg_blocks_too_long"),
        (post, json!({ "channel": builds, "blocks": "[{" }), "invalid_blocks_format"),
        (post, json!({ "channel": builds, "text": "a", "metadata": { "a": 1 } }), "invalid_metadata_format"),
        ("chat.update", json!({ "channel": builds, "ts": "1.2", "text": "a" }), "message_not_found"),
        ("chat.update", json!({ "channel": builds, "ts": anns, "text": "a" }), "cant_update_message"),
        ("chat.update", json!({ "channel": "builds", "ts": anns, "text": "a" }), "channel_not_found"),
        ("chat.update", json!({ "channel": builds, "ts": anns, "text": "a".repeat(4001) }), "msg_too_long"),
        ("chat.delete", json!({ "channel": builds, "ts": anns }), "cant_delete_message"),
        ("chat.postEphemeral", json!({ "channel": builds, "user": "U404", "text": "a" }), "user_not_in_channel"),
        ("views.open", json!({ "trigger_id": "1", "view": { "type": "modal" } }), "invalid_arguments"),
        ("chat.nothing", json!({}), "unknown_method"),
    ];
    for (method, body, error) in table {
        assert_eq!(house.error(method, body.clone()).await, error, "{method} {body}");
    }
    let told = house.call(post, json!({ "channel": builds, "blocks": wide })).await;
    let message = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]";
    assert_eq!(told["errors"], json!([message]));
    assert_eq!(told["response_metadata"]["messages"], json!([format!("[ERROR] {message}")]));
    // Methods that read forms alone do not see what stands in JSON.
    assert_eq!(house.error("users.info", json!({ "user": house.bot })).await, "invalid_arguments");
    assert_eq!(house.form("users.info", &[("user", &house.bot)]).await["ok"], true);
}

#[tokio::test]
async fn tokens_open_what_they_were_given_for() {
    let house = House::open().await;
    let few = house.slack().install(&house.app_id, &house.team, Some(&["chat:write"])).expect("installed");
    let call = async |method: &str, token: &str, body: Value| {
        house.answer(method, token, body).await.json().await.expect("JSON")
    };
    assert_eq!(call("auth.test", "xoxb-nobody", json!({})).await["error"], "invalid_auth");
    assert_eq!(call("apps.connections.open", &few.token, json!({})).await["error"], "not_allowed_token_type");
    let told = call("reactions.add", &few.token, json!({ "channel": "a", "name": "b", "timestamp": "c" })).await;
    let wanted =
        json!({ "ok": false, "error": "missing_scope", "needed": "reactions:write", "provided": "chat:write" });
    assert_eq!(told, wanted);
    // Without `chat:write.public`, only where it was asked in.
    let lonely = house.slack().channel(&house.team, "lonely", &["ann"]).expect("a channel");
    let body = json!({ "channel": lonely, "text": "a" });
    assert_eq!(call("chat.postMessage", &few.token, body.clone()).await["error"], "not_in_channel");
    assert_eq!(call("chat.postMessage", &house.token, body).await["ok"], true);
    house.slack().uninstall(&house.app_id, &house.team);
    assert_eq!(call("auth.test", &house.token, json!({})).await["error"], "token_revoked");
}

#[tokio::test]
async fn a_message_that_was_written_is_not_written_again() {
    let house = House::open().await;
    let body = json!({ "channel": house.builds, "text": "a", "client_msg_id": "11111111-1111-4111-8111-111111111111" });
    let first = house.must("chat.postMessage", body.clone()).await;
    let second = house.must("chat.postMessage", body.clone()).await;
    assert_eq!(first["ts"], second["ts"]);
    house.must("chat.delete", json!({ "channel": house.builds, "ts": first["ts"] })).await;
    assert_eq!(house.error("chat.postMessage", body.clone()).await, "duplicate_message_not_found");
    house.slack().change(|world| {
        world.habits.client_msg_id = false;
        world.habits.limits = false;
    });
    house.must("chat.postMessage", body).await;
}

#[tokio::test]
async fn history_is_cut_and_shows_metadata_to_who_asks() {
    let house = House::open().await;
    house.slack().change(|world| world.habits.limits = false);
    let metadata = json!({ "event_type": "build", "event_payload": { "number": 1 } });
    for number in 0..20 {
        let body = json!({ "channel": house.builds, "text": number.to_string(), "metadata": metadata });
        house.must("chat.postMessage", body).await;
    }
    let history = house.form("conversations.history", &[("channel", &house.builds), ("limit", "100")]).await;
    let messages = history["messages"].as_array().expect("messages");
    assert_eq!((messages.len(), &history["has_more"], &messages[0]["text"]), (15, &json!(true), &json!("19")));
    assert!(messages[0].get("metadata").is_none());
    let next = history["response_metadata"]["next_cursor"].as_str().expect("a cursor");
    let pairs = [("channel", house.builds.as_str()), ("cursor", next), ("include_all_metadata", "true")];
    let rest = house.form("conversations.history", &pairs).await;
    assert_eq!(rest["messages"].as_array().expect("messages").len(), 5);
    assert_eq!(rest["messages"][0]["metadata"], metadata);
}
