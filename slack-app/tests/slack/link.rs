//! Who somebody is: they say it once, and what they asked before is done then.

use slack_emulator::deed::Click;

use crate::house::{House, words};

/// Waits until bob is asked who he is, `count` times by now; the code of the last time.
async fn code(house: &House, count: usize) -> String {
    let offers = house.slack().until("bob is asked who he is", |world| {
        let said = world.channels[&house.channel].messages.iter();
        let offers: Vec<String> = said
            .filter(|one| words(one).contains("Who are you at MonkeyCI?"))
            .map(|one| serde_json::to_string(&one.blocks).expect("JSON"))
            .collect();
        (offers.len() >= count).then_some(offers)
    });
    let offers = offers.await;
    let (_, code) = offers.last().and_then(|offer| offer.split_once("/link#")).expect("a link");
    code.split('"').next().expect("a code").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_pressed_before_they_said_who_they_are_is_done_when_they_have() {
    let mut house = House::open(true).await;
    house.command("ann", "/build subscribe web").await;
    house.answered("This channel is told").await;
    house.commit("Break", 3, "error: it broke\n");
    house.build().await;
    let message = house.told("acme/web #1 FAILED on main: unit").await;
    let retry = Click {
        user: "bob".into(),
        channel: house.channel.clone(),
        ts: Some(message.ts.clone()),
        action_id: "build.retry_failed".into(),
        ..Click::default()
    };
    assert!(house.slack().click(&retry).await.expect("a button").ok);
    let said = house.answered("Who are you at MonkeyCI?").await;
    assert!(said.contains("is done as soon as you have said it"), "{said}");
    // It waits on the server, for whoever lives then, and nobody there can read it.
    let kept = house.wait_for("it waits", async || house.kept("inbox/link/").await.pop()).await;
    let sealed = house.client.org("acme").integration("slack").store(&kept).get().await.expect("it is kept");
    assert!(!String::from_utf8_lossy(&sealed.bytes).contains("retry"));
    house.kill();
    house.start(true).await;

    // Who runs the server says that they are bob.
    house.client.confirm_link(&code(&house, 1).await).await.expect("they are");
    let again = house.told("acme/web #2 FAILED on main: unit").await;
    assert_eq!(again.ts, message.ts, "the message that he pressed the button of");
    house.wait_for("it waits no more", async || house.kept("inbox/").await.is_empty().then_some(())).await;
    assert_eq!(house.client.org("acme").repo("web").builds(None, None).all().await.expect("builds").len(), 2);

    // And he may be nobody again.
    house.command("bob", "/build unlink").await;
    house.answered("and are nobody now").await;
    house.command("bob", "/build retry web#1").await;
    code(&house, 2).await;
    let audit = house.client.org("acme").audit().first(3).await.expect("rows");
    assert!(audit.iter().any(|row| row.action == "chat-identity/delete" && row.via.is_some()), "{audit:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_answered_in_a_message_to_the_app_alone_and_called_by_name_when_their_build_fails() {
    let house = House::open(true).await;
    house.command("ann", "/build subscribe web mention:author").await;
    house.answered("This channel is told").await;
    let answered = |direct: String, wanted: &'static str| {
        let house = &house;
        async move {
            let found = house.slack().until(wanted, |world| {
                let mut said = world.channels[&direct].messages.iter().filter(|one| one.author.is_some());
                said.find(|one| words(one).contains(wanted)).map(|_| ())
            });
            found.await;
        }
    };
    let (direct, _) = house.slack().say_to_app("ann", &house.known.id, "whoami").expect("it is said");
    answered(direct.clone(), "You are `ann`").await;
    house.slack().say_to_app("ann", &house.known.id, "rnu web").expect("it is said");
    answered(direct.clone(), "did you mean `run`?").await;
    house.commit("Break", 3, "error: it broke\n");
    house.slack().say_to_app("ann", &house.known.id, "run web").expect("it is said");
    answered(direct, "acme/web #1> runs").await;
    let message = house.told("acme/web #1 FAILED on main: unit").await;
    assert!(words(&message).contains(&format!("<@{}>", house.ann)), "{}", words(&message));
}
