//! Where something is deployed: who lets it, what stands there, and what was put there.

use monkeyci_client::rest::{EnvironmentBody, Role};
use slack_emulator::deed::Click;

use crate::house::{House, words};

const SHIPS: &str =
    "- id: unit\n  script: ['true']\n- id: ship\n  environment: live\n  dependencies: [unit]\n  script: ['true']\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_is_told_with_who_lets_it_and_what_it_takes_the_place_of() {
    let house = House::open(false).await;
    let live = house.client.org("acme").repo("web").environment("live");
    let body = EnvironmentBody {
        description: Some("the <shop>".into()),
        refs: vec!["main".into()],
        ..EnvironmentBody::default()
    };
    live.put(&body).await.expect("an environment");
    house.command("ann", "/build subscribe web on:deploy,approval").await;
    house.answered("This channel is told").await;

    house.commit_script("Ship it", SHIPS, 0, "");
    house.build().await;
    let first = house.told("acme/web #1 is deployed to live on main").await;
    let said = words(&first);
    assert!(said.contains(":rocket: *live* runs `") && !said.contains("before:"), "{said}");

    // From now on somebody is asked.
    let body = EnvironmentBody { approvers: vec!["ann".into()], approver_role: Some(Role::Owner), ..body };
    live.put(&body).await.expect("an environment");
    house.build().await;
    let asks = house.told("Approval needed: ship of acme/web #2").await;
    let said = words(&asks);
    for part in [
        "`ship` on *live* (the &lt;shop&gt;)",
        "One of these lets it go on: ann or who has the role `owner`.",
        "There now: <",
        "|#1> of `main`",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let approve = Click {
        user: "ann".into(),
        channel: house.channel.clone(),
        ts: Some(asks.ts.clone()),
        action_id: "approval.approve".into(),
        ..Click::default()
    };
    assert!(house.slack().click(&approve).await.expect("a button").ok);
    let done = house.slack().until("it is deployed", |world| {
        let messages = &world.channels[&house.channel].messages;
        messages.iter().find(|one| one.ts == asks.ts && words(one).contains(":rocket: *live* runs `")).cloned()
    });
    let said = words(&done.await);
    assert!(said.contains("· before: <") && said.contains("`ship` approved by ann"), "{said}");
    assert_eq!(house.lines().len(), 2, "{:?}", house.lines());
    house.command("ann", "/build why web#1").await;
    house.answered("is `deployed`, which it wants").await;
}
