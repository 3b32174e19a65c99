//! What the server is told of workspaces.

use monkeyci_client::rest::{SlackChannel, SlackWorkspace};

use crate::house::House;

/// Waits until the server knows these workspaces, and no others, each as it is wanted.
async fn until(house: &House, what: &str, is_so: impl Fn(&[SlackWorkspace]) -> bool) -> Vec<SlackWorkspace> {
    let acme = house.client.org("acme");
    let look = async || Some(acme.slack_workspaces().all().await.expect("workspaces")).filter(|found| is_so(found));
    house.wait_for(what, look).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_told_of_the_channels_that_the_app_is_let_into() {
    let house = House::open(false).await;
    let slack = house.slack();
    let found = until(&house, "it is told", |found| found.len() == 1).await;
    let builds = SlackChannel { name: "builds".into(), id: house.channel.clone(), private: false };
    let SlackWorkspace { id, body, integration, .. } = &found[0];
    assert_eq!((id, body.name.as_str(), integration.as_str()), (&house.team, "Acme", "slack"));
    assert_eq!(body.channels, [builds]);
    // One that it is not in is none of its own; as soon as it is, it is.
    let ops = slack.channel(&house.team, "ops", &["ann"]).expect("a channel");
    house.invite(&house.team, &ops);
    let names = |found: &[SlackWorkspace]| -> Vec<String> {
        found.iter().flat_map(|one| &one.body.channels).map(|channel| channel.name.clone()).collect()
    };
    until(&house, "ops is told", |found| names(found) == ["builds", "ops"]).await;
}
