//! What people type is answered, by command and by mention.

use crate::house::House;
use monkeyci_client::model::BuildStatus;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_ask_and_are_answered_as_themselves() {
    let house = House::open(false).await;
    house.commit("Begin", 3, "one\ntwo\nerror: three\n");
    house.command("ann", "/build rnu web").await;
    house.answered("`rnu` is no command; did you mean `run`?").await;
    house.command("ann", "/build run").await;
    house.slack().until("the form", |world| world.views.values().find(|view| !view.is_home()).map(|_| ())).await;
    house.command("bob", "/build run web").await;
    house.answered("Who are you at MonkeyCI?").await;
    house.command("ann", "/build whoami").await;
    house.answered("You are `ann`, and here you may do what a `maintainer` of `acme` may.").await;
    house.command("ann", "/build run web @main").await;
    house.answered("acme/web #1> runs on `main`.").await;
    house.until(1, BuildStatus::is_terminal).await;
    house.command("ann", "/build logs web#1 grep:err").await;
    house.answered("error: three").await;
    house.command("ann", "/build status web").await;
    house.answered("`main` failure").await;
    house.command("ann", "/build list web failed mine").await;
    house.answered("by ann").await;
    house.command("ann", "/build settings repo:web zone:Europe/Berlin quiet:22:00-07:00").await;
    house.answered("`quiet:22:00-07:00`").await;
    // Or nothing would be told below at night.
    house.command("ann", "/build settings quiet:off").await;
    house.answered("`quiet:off`").await;
    house.command("ann", "/build params set REGION eu").await;
    house.answered("`REGION` of `web` is set.").await;
    house.command("ann", "/build params list").await;
    house.answered("• `REGION` `eu`").await;
    house.command("ann", "/build subscribe nowhere").await;
    house.answered(":no_entry:").await;
    house.command("ann", "/build subscribe web on:all branch:main").await;
    house.command("ann", "/build subscriptions").await;
    house.answered("on `main`").await;
    house.command("ann", "/build retry last all").await;
    house.answered("again.").await;
    house.until(2, BuildStatus::is_terminal).await;
    house.command("ann", "/build why #2").await;
    house.answered("is told here by the subscription").await;

    // In a thread of a build a mention knows which one is meant.
    let message = house.told("acme/web #2 FAILED on main: unit").await;
    let bot = house
        .slack()
        .look(|world| world.people.values().find(|one| one.bot_id.is_some()).map(|one| one.id.clone()))
        .expect("a bot");
    house.slack().say("ann", "builds", &format!("<@{bot}> retry all"), Some(&message.ts)).expect("it is said");
    house.until(3, BuildStatus::is_terminal).await;
    house.command("ann", "/build help").await;
    house.answered("`subscribe` — tell this channel of builds").await;
}
