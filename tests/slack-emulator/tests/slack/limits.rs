//! Who asks too often waits, by the emulator's clock; and what goes wrong on purpose.

use std::time::Duration;

use serde_json::json;
use slack_emulator::fault::{Fault, Flaw};

use crate::house::House;

#[tokio::test]
async fn a_channel_takes_one_message_a_second() {
    let house = House::open().await;
    let clock = house.slack().clock();
    clock.run(0.0);
    let body = json!({ "channel": house.builds, "text": "a" });
    house.must("chat.postMessage", body.clone()).await;
    let limited = house.answer("chat.postMessage", &house.token, body.clone()).await;
    assert_eq!((limited.status, limited.retry_after.as_deref()), (429, Some("1")));
    assert_eq!(limited.text, r#"{"ok":false,"error":"ratelimited"}"#);
    let other = house.slack().channel(&house.team, "other", &["ann"]).expect("a channel");
    house.must("chat.postMessage", json!({ "channel": other, "text": "a" })).await;
    clock.advance(Duration::from_secs(1));
    house.must("chat.postMessage", body).await;
    assert_eq!(house.slack().messages(&house.builds).len(), 2, "what was refused was not posted");
}

#[tokio::test]
async fn a_method_is_called_as_often_as_its_tier_says() {
    let house = House::open().await;
    let clock = house.slack().clock();
    clock.run(0.0);
    let posted = house.must("chat.postMessage", json!({ "channel": house.builds, "text": "a" })).await;
    let update = json!({ "channel": house.builds, "ts": posted["ts"], "text": "b" });
    for _ in 0..50 {
        house.must("chat.update", update.clone()).await;
    }
    let limited = house.answer("chat.update", &house.token, update.clone()).await;
    assert_eq!((limited.status, limited.retry_after.as_deref()), (429, Some("2")));
    clock.advance(Duration::from_secs(2));
    house.must("chat.update", update).await;
    let history = [("channel", house.builds.as_str())];
    assert_eq!(house.form("conversations.history", &history).await["ok"], true);
    assert_eq!(house.form("conversations.history", &history).await["error"], "ratelimited");
}

#[tokio::test]
async fn what_goes_wrong_on_purpose_goes_wrong_as_told() {
    let house = House::open().await;
    let slack = house.slack();
    slack.change(|world| world.habits.limits = false);
    let body = json!({ "channel": house.builds, "text": "a" });
    let post = async || house.send("chat.postMessage", &house.token, body.clone()).await;

    slack.change(|world| world.faults.push(Fault::new("chat.postMessage", Flaw::Lost, 1)));
    post().await.expect_err("the answer is lost");
    assert_eq!(slack.messages(&house.builds).len(), 1, "and the work was done");

    slack.change(|world| world.faults.push(Fault::new("chat.postMessage", Flaw::Cut, 1)));
    post().await.expect_err("the connection is cut");
    slack.change(|world| world.faults.push(Fault::new("*", Flaw::Broken, 1)));
    assert_eq!(post().await.expect("it answers").status, 500);
    slack.change(|world| world.faults.push(Fault { seconds: Some(30.0), ..Fault::new("*", Flaw::Limited, 2) }));
    assert_eq!(post().await.expect("it answers").retry_after.as_deref(), Some("30"));
    assert_eq!(post().await.expect("it answers").status, 429);
    let refused = Fault { error: Some("fatal_error".into()), ..Fault::new("chat.postMessage", Flaw::Refused, 1) };
    slack.change(|world| world.faults.push(refused));
    assert_eq!(post().await.expect("it answers").text, r#"{"ok":false,"error":"fatal_error"}"#);
    assert_eq!(slack.messages(&house.builds).len(), 1, "nothing else was done");

    slack.change(|world| world.faults.push(Fault { seconds: Some(0.2), ..Fault::new("*", Flaw::Slow, 1) }));
    let start = std::time::Instant::now();
    assert_eq!(post().await.expect("it answers").status, 200);
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert_eq!(slack.messages(&house.builds).len(), 2);
    assert_eq!(slack.count("chat.postMessage"), 7);
}
