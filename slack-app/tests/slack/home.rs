//! The app's home: what waits for somebody, and how their builds stand.

use slack_emulator::deed::Click;

use crate::house::House;

async fn home(house: &House, user: &str, words: &str) -> String {
    let what = format!("a home with {words:?}");
    let app = house.known.id.clone();
    let id = house.slack().look(|world| world.person(user).map(|person| person.id.clone())).expect("somebody");
    let found = house.slack().until(&what, |world| {
        let mut homes = world.views.values().filter(|view| view.is_home() && view.app == app && view.user == id);
        homes.find(|view| view.body.to_string().contains(words)).map(|view| view.body.to_string())
    });
    found.await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_opens_it_sees_what_waits_and_decides_there() {
    let house = House::open(true).await;
    house.commit("Begin", 3, "error: it broke\n");
    house.build().await;
    house.commit_waiting("Ship it");
    let number = house.build().await;
    house.slack().open_home("bob", &house.known.id).expect("a home");
    home(&house, "bob", "Who are you at MonkeyCI?").await;

    house.slack().open_home("ann", &house.known.id).expect("a home");
    let shown = home(&house, "ann", "approval.approve").await;
    assert!(shown.contains("You are `ann` (acme: maintainer)"), "{shown}");
    assert!(
        shown.contains(&format!("`deploy` of :raised_hand: <{}/o/acme/r/web/b/{number}|", house.client.url())),
        "{shown}"
    );
    let press = Click { user: "ann".into(), action_id: "approval.approve".into(), ..Click::default() };
    assert!(house.slack().click(&press).await.expect("a button").ok);
    house.until(number, |status| status.as_str() == "success").await;
    home(&house, "ann", "*Waiting for somebody*\\nnothing").await;

    let run = Click { user: "ann".into(), action_id: "home.run".into(), ..Click::default() };
    assert!(house.slack().click(&run).await.expect("a button").ok);
    house.slack().until("the form", |world| world.views.values().find(|view| !view.is_home()).map(|_| ())).await;
}
