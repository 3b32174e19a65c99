//! Links that somebody shows, with how the build stands: to whoever may see it.

use crate::house::House;

/// What is drawn below the message with that `ts`, as JSON.
async fn drawn(house: &House, ts: &str, words: &str) -> String {
    let (what, ts) = (format!("a link with {words:?}"), ts.to_owned());
    let find = |world: &slack_emulator::world::World| {
        let message = world.channels[&house.channel].messages.iter().find(|one| one.ts == ts)?;
        let all = serde_json::to_string(&message.attachments).expect("JSON");
        all.contains(words).then_some(all)
    };
    house.slack().until(&what, find).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_shows_how_its_build_stands_as_it_goes_on() {
    let mut house = House::open(false).await;
    let go = house.path("go");
    let script = format!(
        "- id: unit\n  script: [cat log, 'until test -e {0}; do sleep 0.05; done', 'echo end']\n",
        go.display()
    );
    house.commit_script("Begin", &script, 0, "one\ntwo\nthree\n");
    let number = house.begin().await;
    house.until(number, |status| status.as_str() == "running").await;
    let page = format!("{}/o/acme/r/web/b/{number}", house.client.url());
    let ts = house.slack().say("ann", "builds", &format!("look at {page}"), None).expect("it is said");
    drawn(&house, &ts, ":large_blue_circle: *<").await;
    let job = house.slack().say("ann", "builds", &format!("and {page}/j/unit"), None).expect("it is said");
    assert!(drawn(&house, &job, "running").await.contains("/j/unit|unit>"));
    let log = house.client.org("acme").repo("web").build(number).job("unit").attempt(1).log();
    let has_all = async || log.read(0, 100).await.ok().filter(|log| log.ends_with(b"three\n")).map(drop);
    house.wait_for("its log", has_all).await;
    let lines = house.slack().say("ann", "builds", &format!("{page}/j/unit#L2-L3"), None).expect("it is said");
    let said = drawn(&house, &lines, "two").await;
    assert!(said.contains("lines 2 to 3") && !said.contains("one"), "{said}");
    // Bob is nobody: nothing is shown to him, nor to others by him.
    let none = house.slack().say("bob", "builds", &format!("{page}?bob"), None).expect("it is said");

    // The app dies, and the next one goes on with what it had drawn.
    house.kill();
    house.start(false).await;
    std::fs::write(&go, "").expect("written");
    drawn(&house, &ts, ":large_green_circle: *<").await;
    let said = drawn(&house, &job, "success after").await;
    assert!(said.contains("`main`"), "{said}");
    let left = house.slack().look(|world| {
        let messages = &world.channels[&house.channel].messages;
        messages.iter().find(|one| one.ts == none).map_or(0, |one| one.attachments.len())
    });
    assert_eq!(left, 0);
}
