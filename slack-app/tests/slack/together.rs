//! What is told in sum, what comes in a burst, and what somebody is told by themselves.

use slack_emulator::world::Message;

use crate::house::{House, words};

/// Waits for a message of the channel that fits.
async fn until(house: &House, what: &str, fits: impl Fn(&Message) -> bool) -> Message {
    let find = |world: &slack_emulator::world::World| {
        world.channels[&house.channel].messages.iter().find(|one| fits(one)).cloned()
    };
    house.slack().until(what, find).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_is_one_message_beside_the_first_few_and_is_mended_there() {
    let mut house = House::open(false).await;
    house.command("ann", "/build subscribe web").await;
    house.answered("This channel is told").await;
    house.commit("Break", 3, "error: it broke\n");
    let branches: Vec<String> = (0..11).map(|at| format!("topic-{at:02}")).collect();
    for branch in &branches {
        house.branch(branch);
        house.build_of(branch).await;
    }
    let summed = until(&house, "the rest in sum", |one| one.text == "3 more builds at once, 3 broken").await;
    let said = words(&summed);
    assert!(said.contains("`topic-08` failed <") && said.contains("`topic-10` failed <"), "{said}");
    // A channel takes one message a second.
    let alone = |world: &slack_emulator::world::World| {
        let messages = &world.channels[&house.channel].messages;
        let of_builds = messages.iter().filter(|one| one.text.contains("FAILED") && one.thread_ts.is_none()).count();
        (of_builds == 8).then_some(())
    };
    house.slack().until("the first eight", alone).await;
    assert_eq!(house.lines().len(), 9, "{:?}", house.lines());
    house.command("ann", "/build why web#11").await;
    house.answered("More than 8 messages came here within 5 minutes").await;

    // Killed in between, it stays one message, in which it is told that one is mended.
    house.kill();
    house.start(false).await;
    house.mend("topic-09");
    house.build_of("topic-09").await;
    let mended = until(&house, "it is mended", |one| one.text == "3 more builds at once, 2 broken").await;
    assert_eq!(mended.ts, summed.ts);
    assert!(words(&mended).contains("mended by <"), "{}", words(&mended));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_with_a_digest_is_told_in_sum_at_its_time() {
    let house = House::open(false).await;
    let style = serde_json::json!({ "digest": { "cron": "* * * * *" } });
    let body = serde_json::json!({ "to": { "slack": { "workspace": house.team, "channel": "#builds", "style": style } },
                                   "repos": ["web"], "on": ["failed", "recovered"] });
    let body = serde_json::from_value(body).expect("a subscription");
    house.client.org("acme").subscription("sum").put(&body).await.expect("a subscription");
    house.commit("Break", 3, "error: it broke\n");
    house.build().await;
    // Up to a minute: nobody counts a shorter time.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(110);
    let told = loop {
        let found = house.slack().look(|world| {
            let messages = &world.channels[&house.channel].messages;
            messages.iter().find(|one| one.text == "In sum: 1 thing, 1 broken").cloned()
        });
        match found {
            Some(told) => break told,
            None if std::time::Instant::now() > deadline => panic!("nothing is told: {:?}", house.lines()),
            None => tokio::time::sleep(std::time::Duration::from_millis(50)).await, // poll
        }
    };
    assert!(words(&told).contains("*web* `main` failed <"), "{}", words(&told));
    house.command("ann", "/build why web#1").await;
    house.answered("That subscription has a `digest`").await;
    assert_eq!(house.lines(), ["In sum: 1 thing, 1 broken"], "and nothing beside it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_wants_to_is_told_by_themselves_of_what_they_broke() {
    let house = House::open(false).await;
    house.commit("Break", 3, "error: it broke\n");
    // Bob is nobody at the server, and ann has not said that she wants to.
    house.build().await;
    house.command("bob", "/build settings direct:on").await;
    house.answered("Who are you at MonkeyCI?").await;
    house.command("ann", "/build settings direct:on").await;
    house.answered("writes to you alone").await;
    house.build().await;
    let direct = |line: &'static str| {
        house.slack().until(line, move |world| {
            let directs = world.channels.values().filter(|channel| channel.id.starts_with('D'));
            directs.flat_map(|channel| &channel.messages).find(|one| one.text == line).cloned()
        })
    };
    let told = direct("acme/web #2 FAILED on main: unit").await;
    assert!(words(&told).contains("error: it broke"), "{}", words(&told));
    // It goes on in the same message, and is mended there.
    house.build().await;
    assert_eq!(direct("acme/web #3 FAILED on main: unit").await.ts, told.ts);
    house.commit("Mend", 0, "");
    house.build().await;
    assert_eq!(direct("acme/web #3 failed on main: unit; it is mended").await.ts, told.ts);
    assert!(house.lines().is_empty(), "{:?}", house.lines());
    house.command("ann", "/build settings direct:off").await;
    house.answered("writes to you no more").await;
}
