//! Killed at any moment, slowed down, cut off: nothing is lost, and nothing is told twice.

use std::time::Duration;

use slack_emulator::fault::{Fault, Flaw};

use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_answer_was_lost_is_not_told_twice() {
    let mut house = House::open(false).await;
    house.command("ann", "/build subscribe web").await;
    house.answered("This channel is told").await;
    house.commit("Break", 3, "error: it broke\n");
    // The first answers are lost: one after it was done, one before.
    house.slack().change(|world| {
        world.faults.push(Fault::new("chat.postMessage", Flaw::Lost, 1));
        world.faults.push(Fault::new("chat.postMessage", Flaw::Cut, 1));
    });
    house.build().await;
    house
        .slack()
        .until("a message", |world| {
            world.channels[&house.channel].messages.iter().find(|one| one.metadata.is_some()).map(|_| ())
        })
        .await;
    // The app dies before it knows that.
    house.kill();
    house.start(false).await;
    house.told("acme/web #1 FAILED on main: unit").await;
    let thread = |house: &House| {
        house
            .slack()
            .look(|world| world.channels[&house.channel].messages.iter().filter(|one| one.thread_ts.is_some()).count())
    };
    house
        .slack()
        .until("the thread", |world| {
            world.channels[&house.channel].messages.iter().find(|one| one.thread_ts.is_some()).map(|_| ())
        })
        .await;
    assert_eq!((house.lines(), thread(&house)), (vec!["acme/web #1 FAILED on main: unit".to_owned()], 1));

    // What happened while it was away is told when it is back.
    house.kill();
    house.commit("Mend", 0, "");
    house.build().await;
    house.start(false).await;
    house.told("acme/web main is green again (#2)").await;
    assert_eq!(house.lines().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_refusals_loses_nothing_and_what_was_deleted_stays_so() {
    let house = House::open(false).await;
    house.command("ann", "/build subscribe web").await;
    house.answered("This channel is told").await;
    let limited = |method: &str| Fault { seconds: Some(1.0), ..Fault::new(method, Flaw::Limited, 4) };
    house.slack().change(|world| world.faults.extend([limited("chat.postMessage"), limited("chat.update")]));
    house.commit("Break", 3, "error: it broke\n");
    house.build().await;
    let message = house.told("acme/web #1 FAILED on main: unit").await;
    house.build().await;
    let again = house.told("acme/web #2 FAILED on main: unit").await;
    assert_eq!(again.ts, message.ts);

    // Whoever runs the workspace removes it: it is not told again.
    house.slack().change(|world| {
        let channel = world.channels.get_mut(&house.channel).expect("the channel");
        channel.messages.retain(|one| one.ts != message.ts);
    });
    house.build().await;
    house
        .slack()
        .until("it was tried", |world| {
            world.calls.iter().find(|call| call.error.as_deref() == Some("message_not_found")).map(|_| ())
        })
        .await;
    house.commit("Mend", 0, "");
    house.build().await;
    house.told("acme/web main is green again (#4)").await;
    house.slack().clock().advance(Duration::from_secs(5));
    assert_eq!(house.lines(), ["acme/web main is green again (#4)"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_to_what_was_deleted_does_not_stay_in_the_channel() {
    let house = House::open(false).await;
    house.command("ann", "/build subscribe web").await;
    house.answered("This channel is told").await;
    // The channel takes the message, and nothing more until the clock goes on.
    house.slack().clock().advance(Duration::from_secs(5));
    house.slack().clock().run(0.0);
    house.commit("Break", 3, "error: it broke\n");
    house.build().await;
    let message = house.told("acme/web #1 FAILED on main: unit").await;
    let waits = |world: &slack_emulator::world::World| {
        let mut calls = world.calls.iter();
        calls.find(|call| !call.ok && call.arguments["thread_ts"].is_string()).map(|_| ())
    };
    house.slack().until("the reply waits", waits).await;
    house.slack().change(|world| {
        let channel = world.channels.get_mut(&house.channel).expect("the channel");
        channel.messages.retain(|one| one.ts != message.ts);
    });
    house.slack().clock().run(1.0);
    let taken_back = |world: &slack_emulator::world::World| {
        world.calls.iter().find(|call| call.method == "chat.delete" && call.ok).map(|_| ())
    };
    house.slack().until("the reply is taken back", taken_back).await;
    assert!(house.lines().is_empty(), "{:?}", house.lines());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_as_it_tells_it_tells_nothing_twice() {
    let mut house = House::open(false).await;
    house.command("ann", "/build subscribe web").await;
    house.answered("This channel is told").await;
    let posts = |house: &House| {
        house.slack().look(|world| world.calls.iter().filter(|call| call.method == "chat.postMessage").count())
    };
    let told =
        ["acme/web #1 FAILED on main: unit", "acme/web main is green again (#2)", "acme/web #3 FAILED on main: unit"];
    for (outcome, line) in [3, 0, 3].into_iter().zip(told) {
        let before = posts(&house);
        house.commit("Go on", outcome, "error: it broke\n");
        house.begin().await;
        house
            .slack()
            .until("Slack is asked", |world| {
                (world.calls.iter().filter(|call| call.method == "chat.postMessage").count() > before).then_some(())
            })
            .await;
        house.kill();
        house.start(false).await;
        house.told(line).await;
    }
    let first = "acme/web #1 failed on main: unit; it is mended";
    house.told(first).await;
    assert_eq!(house.lines(), [first, told[1], told[2]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_tell_once_and_the_other_goes_on() {
    let mut house = House::open(false).await;
    house.command("ann", "/build subscribe web").await;
    house.answered("This channel is told").await;
    house.start_another();
    house.commit("Break", 3, "error: it broke\n");
    house.build().await;
    house.told("acme/web #1 FAILED on main: unit").await;
    // The one that was first is ended: the other goes on.
    house.stop();
    house.build().await;
    house.told("acme/web #2 FAILED on main: unit").await;
    house.commit("Mend", 0, "");
    house.build().await;
    house.told("acme/web main is green again (#3)").await;
    house.told("acme/web #2 failed on main: unit; it is mended").await;
    assert_eq!(house.lines(), ["acme/web #2 failed on main: unit; it is mended", "acme/web main is green again (#3)"]);
}
