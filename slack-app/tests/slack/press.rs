//! Buttons that are about people: who is at it, and who wants to hear less.

use slack_emulator::deed::Click;

use crate::house::{House, words};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_is_at_it_and_mutes_the_branch_meanwhile() {
    let house = House::open(true).await;
    house.command("ann", "/build subscribe web on:failed,still-failing,recovered").await;
    house.answered("This channel is told").await;
    house.commit("Break", 3, "error: it broke\n");
    house.build().await;
    let message = house.told("acme/web #1 FAILED on main: unit").await;
    let press = |action: &str, choose: Option<&str>| Click {
        user: "ann".into(),
        channel: house.channel.clone(),
        ts: Some(message.ts.clone()),
        action_id: action.into(),
        choose: choose.map(Into::into),
        ..Click::default()
    };
    assert!(house.slack().click(&press("build.claim", None)).await.expect("a button").ok);
    let claimed = house.slack().until("it says who is at it", |world| {
        let message = world.channels[&house.channel].messages.iter().find(|one| one.ts == message.ts)?;
        Some(words(message)).filter(|said| said.contains(&format!("<@{}>", house.ann)))
    });
    claimed.await;
    let why = house.slack().click(&press("build.more", Some("why v1:acme/web/1"))).await.expect("a menu");
    assert!(why.ok);
    house.answered("is told here by the subscription").await;
    assert!(house.slack().click(&press("build.more", Some("mute v1:acme/web/1"))).await.expect("a menu").ok);
    house.answered("muted `main` here for a day").await;

    // What follows on that branch is not told, until somebody wants to hear of it again.
    house.commit("Break it more", 4, "error: it broke\n");
    house.build().await;
    house.command("ann", "/build why #2").await;
    house.answered("It is muted here by").await;
    house.command("ann", "/build unmute branch:main").await;
    house.answered("has this channel told of branches `main` again").await;
    house.commit("Mend", 0, "");
    house.build().await;
    house.told("acme/web main is green again (#3)").await;
}
