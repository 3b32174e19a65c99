//! Channels, people, files, reactions, bookmarks; and how an app comes into a workspace.

use bytes::Bytes;
use serde_json::json;

use crate::house::{House, manifest};

#[tokio::test]
async fn an_app_finds_its_way_around() {
    let house = House::open().await;
    let slack = house.slack();
    let ann = house.form("users.lookupByEmail", &[("email", "ANN@example.com")]).await["user"]["id"].clone();
    let ann = ann.as_str().expect("an id");
    assert_eq!(house.form("users.lookupByEmail", &[("email", "x@example.com")]).await["error"], "users_not_found");
    let opened = house.must("conversations.open", json!({ "users": ann })).await;
    let direct = opened["channel"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(house.must("chat.postMessage", json!({ "channel": ann, "text": "a" })).await["channel"], json!(direct));
    let info = house.form("conversations.info", &[("channel", &house.builds), ("include_num_members", "1")]).await;
    assert_eq!((&info["channel"]["is_member"], &info["channel"]["num_members"]), (&json!(true), &json!(3)));
    let listed = house.form("conversations.list", &[("types", "public_channel,im")]).await;
    assert_eq!(listed["channels"].as_array().expect("channels").len(), 2);
    let other = slack.channel(&house.team, "other", &["ann"]).expect("a channel");
    assert_eq!(house.form("conversations.history", &[("channel", &other)]).await["error"], "not_in_channel");
    house.must("conversations.join", json!({ "channel": other })).await;
    let members = house.form("conversations.members", &[("channel", &other)]).await;
    assert_eq!(members["members"], json!([ann, house.bot]));
}

#[tokio::test]
async fn marks_and_files_are_put_on_messages_and_channels() {
    let house = House::open().await;
    let slack = house.slack();
    let ts = slack.say("ann", "builds", "hello", None).expect("said");
    let mark = json!({ "channel": house.builds, "name": "eyes", "timestamp": ts });
    house.must("reactions.add", mark.clone()).await;
    assert_eq!(house.error("reactions.add", mark).await, "already_reacted");
    assert_eq!(slack.messages(&house.builds)[0]["reactions"][0]["users"], json!([house.bot]));
    house.must("pins.add", json!({ "channel": house.builds, "timestamp": ts })).await;
    let link = json!({ "channel_id": house.builds, "title": "CI", "type": "link", "link": "https://ci.example.com" });
    house.must("bookmarks.add", link).await;
    assert_eq!(slack.read(&house.builds).expect("a channel")["bookmarks"][0]["title"], "CI");

    let begun = house.form("files.getUploadURLExternal", &[("filename", "log.txt"), ("length", "5")]).await;
    let complete = json!({ "files": [{ "id": begun["file_id"], "title": "Log" }], "channel_id": house.builds });
    assert_eq!(house.error("files.completeUploadExternal", complete.clone()).await, "file_not_found");
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let url = begun["upload_url"].as_str().expect("a URL");
    let sent = http.post(url).body(Bytes::from_static(b"hello")).send().await.expect("it answers");
    assert_eq!(sent.text().await.expect("text"), "OK - 5");
    house.must("files.completeUploadExternal", complete).await;
    assert_eq!(slack.messages(&house.builds)[1]["files"][0]["title"], "Log");
}

#[tokio::test]
async fn an_app_is_allowed_in_and_exchanges_a_code_once() {
    let house = House::open().await;
    let slack = house.slack();
    let globex = slack.workspace("Globex");
    slack.person(&globex, "carl").expect("somebody");
    let (id, secret) = slack.look(|world| {
        let app = &world.apps[&house.app_id];
        (app.client_id.clone(), app.client_secret.clone())
    });
    let wrong = slack.allow("carl", &id, "commands", Some("https://evil.example.com"), "s").expect_err("not the app's");
    assert_eq!(wrong.to_string(), "redirect_uri did not match any configured URIs");
    let to = slack.allow("carl", &id, "commands,chat:write", None, "s").expect("allowed");
    let code = to.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
    assert!(to.starts_with("https://ci.example.com/slack/oauth?") && to.ends_with("&state=s"), "{to}");
    let pairs = |secret| [("client_id", id.as_str()), ("client_secret", secret), ("code", code)];
    assert_eq!(house.form("oauth.v2.access", &pairs("wrong")).await["error"], "bad_client_secret");
    let access = house.form("oauth.v2.access", &pairs(&secret)).await;
    assert_eq!((&access["team"]["id"], &access["scope"]), (&json!(globex), &json!("commands,chat:write")));
    assert_eq!(house.form("oauth.v2.access", &pairs(&secret)).await["error"], "invalid_code");
    let token = access["access_token"].as_str().expect("a token");
    let who = house.answer("auth.test", token, json!({})).await.json().await.expect("JSON");
    assert_eq!(who["team"], "Globex");
}

#[tokio::test]
async fn a_manifest_that_slack_refuses_is_refused_with_the_place() {
    let house = House::open().await;
    let mut wrong = manifest("https://ci.example.com/slack");
    wrong["features"]["slash_commands"][0]["command"] = json!("build");
    wrong["oauth_config"]["scopes"]["bot"] = json!(["chat:write"]);
    wrong["settings"]["interactivity"] = json!({ "is_enabled": true });
    wrong["settings"]["nonsense"] = json!(1);
    let found = house.slack().app(&wrong).expect_err("it is wrong");
    let found: Vec<_> = found.iter().map(|one| one.pointer.as_str()).collect();
    for at in ["/features/slash_commands/0/command", "/settings/interactivity", "/settings", "/oauth_config/scopes/bot"]
    {
        assert!(found.contains(&at), "{at}: {found:?}");
    }
}
