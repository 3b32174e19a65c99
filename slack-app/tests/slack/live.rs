//! A build has one message, and builds that fail one after the other have one together.

use slack_emulator::deed::Click;

use crate::house::{House, words};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_subscribed_is_told_once_and_sees_it_mended() {
    let house = House::open(false).await;
    house.command("ann", "/build subscribe web").await;
    house.answered("This channel is told").await;

    // A first success is nothing to tell.
    house.commit("Begin", 0, "fine\n");
    assert_eq!(house.build().await, 1);
    house.commit("Break <!channel> it", 3, "running\nerror: it <b>broke</b> @here\n");
    assert_eq!(house.build().await, 2);
    let message = house.told("acme/web #2 FAILED on main: unit").await;
    let said = words(&message);
    assert!(said.contains("Break &lt;!channel&gt; it"), "{said}");
    let wanted = "*unit* failed (exit 3) at `exit $(cat outcome)`\n> error: it &lt;b&gt;broke&lt;/b&gt; @\u{2060}here";
    assert!(said.contains(wanted), "{said}");
    let reply = house.slack().until("the end of the log in the thread", |world| {
        let messages = &world.channels[&house.channel].messages;
        messages.iter().find(|one| one.thread_ts.as_deref() == Some(message.ts.as_str())).cloned()
    });
    assert!(words(&reply.await).contains("error: it <b>broke</b> @here"));

    // Ann has it done again: it fails again, and the same message says so.
    let retry = Click {
        user: "ann".into(),
        channel: house.channel.clone(),
        ts: Some(message.ts.clone()),
        action_id: "build.retry_failed".into(),
        ..Click::default()
    };
    assert!(house.slack().click(&retry).await.expect("a button").ok);
    let again = house.told("acme/web #3 FAILED on main: unit").await;
    assert_eq!(again.ts, message.ts);
    let said = words(&again);
    assert!(said.contains("red for 2 builds"), "{said}");
    assert!(said.contains("began <"), "{said}");

    house.commit("Mend it", 0, "fine\n");
    assert_eq!(house.build().await, 4);
    let mended = house.told("acme/web main is green again (#4)").await;
    assert!(words(&mended).contains("2 builds"), "{}", words(&mended));
    house.told("acme/web #3 failed on main: unit; it is mended").await;
    house.commit("More", 0, "fine\n");
    house.build().await;
    assert_eq!(house.lines(), ["acme/web #3 failed on main: unit; it is mended", "acme/web main is green again (#4)"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_declared_on_the_server_is_told_as_it_says() {
    let house = House::open(false).await;
    let style = serde_json::json!({ "message": "plan", "thread": "off" });
    let body = serde_json::json!({ "to": { "slack": { "workspace": house.team, "channel": "#builds", "style": style } },
                                   "repos": ["web"], "on": ["succeeded"] });
    let body = serde_json::from_value(body).expect("a subscription");
    house.client.org("acme").subscription("declared").put(&body).await.expect("a subscription");
    house.commit("Begin", 0, "fine\n");
    house.build().await;
    house.told("acme/web #1 succeeded on main").await;
    house.command("ann", "/build subscriptions").await;
    house.answered("told `succeeded` of `web`").await;
}
