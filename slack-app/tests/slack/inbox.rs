//! What Slack was told to be heard is done, whatever dies; what cannot be done now is said at once.

use std::time::{Duration, Instant};

use slack_emulator::deed::Click;

use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_that_was_heard_begins_one_build_however_often_the_app_is_killed() {
    let mut house = House::open(false).await;
    house.commit("Begin", 0, "fine\n");
    let mut heard = 0;
    for _ in 0..3 {
        // Until one is heard that is not done yet: then the app dies.
        loop {
            house.command("ann", "/build run web").await;
            house.app_does("STOP");
            heard += 1;
            if !house.kept("inbox/").await.is_empty() {
                break;
            }
            house.app_does("CONT");
            assert!(heard < 200, "they are all done before they are looked at");
        }
        house.kill();
        house.start(false).await;
    }
    let web = house.client.org("acme").repo("web");
    let begun = async || web.builds(None, None).all().await.expect("builds").len();
    house.wait_for("all are done", async || house.kept("inbox/").await.is_empty().then_some(())).await;
    assert_eq!(begun().await, heard);
    let last = format!("acme/web #{heard}> runs");
    house.answered(&last).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_while_the_server_is_away_is_told_at_once_and_nothing_is_done_later() {
    let mut house = House::open(false).await;
    house.commit("Break", 3, "error: it broke\n");
    house.command("ann", "/build subscribe web").await;
    house.answered("This channel is told").await;
    house.build().await;
    let message = house.told("acme/web #1 FAILED on main: unit").await;

    house.server_does("STOP");
    let answered = house.slack().command("ann", "builds", "/build run web").await.expect("it can be typed");
    assert!(answered.ok && answered.millis < 3000, "{answered:?}");
    assert!(
        answered.answer["text"].as_str().is_some_and(|text| text.contains("does not answer just now")),
        "{answered:?}"
    );
    // What is said without the server is said as ever.
    let answered = house.slack().command("ann", "builds", "/build rnu web").await.expect("it can be typed");
    assert!(answered.answer["text"].as_str().is_some_and(|text| text.contains("did you mean")), "{answered:?}");
    let answered = house.slack().command("ann", "builds", "/build help").await.expect("it can be typed");
    assert_eq!(answered.answer["text"], "/build help", "{answered:?}");
    let retry = Click {
        user: "ann".into(),
        channel: house.channel.clone(),
        ts: Some(message.ts),
        action_id: "build.retry_failed".into(),
        ..Click::default()
    };
    let pressed = house.slack().click(&retry).await.expect("a button");
    assert!(pressed.ok && pressed.millis < 3000, "{pressed:?}");
    house.answered("does not answer just now").await;

    house.server_does("CONT");
    house.wait_for("nothing is kept of it", async || house.kept("inbox/").await.is_empty().then_some(())).await;
    house.stop();
    house.start(false).await;
    let builds = house.client.org("acme").repo("web").builds(None, None).all().await.expect("builds");
    assert_eq!(builds.len(), 1, "nothing was done that was said not to be");
    house.command("ann", "/build run web").await;
    house.answered("acme/web #2> runs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_ask_at_once_are_heard_at_once() {
    let house = House::open(false).await;
    let begun = Instant::now();
    let all = futures::future::join_all((0..60).map(|_| house.slack().command("ann", "builds", "/build whoami"))).await;
    for answered in all {
        let answered = answered.expect("it can be typed");
        assert!(answered.ok && answered.millis < 3000, "{answered:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(30));
    house.wait_for("all are done", async || house.kept("inbox/").await.is_empty().then_some(())).await;
}
