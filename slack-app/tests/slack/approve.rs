//! Who is waited for decides by a button, as themselves.

use monkeyci_client::model::BuildStatus;
use serde_json::json;
use slack_emulator::deed::{Click, Submit};

use crate::house::{House, words};

fn press(house: &House, user: &str, action: &str) -> Click {
    Click { user: user.into(), channel: house.channel.clone(), action_id: action.into(), ..Click::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_goes_on_when_somebody_who_may_says_so_and_not_before() {
    let house = House::open(true).await;
    house.command("ann", "/build subscribe web on:approval").await;
    house.answered("This channel is told").await;
    house.commit_waiting("Ship it");
    let number = house.build().await;
    let message = house.told(&format!("Approval needed: deploy of acme/web #{number}")).await;

    // Bob is nobody at the server: he is asked who he is, and nothing goes on.
    assert!(house.slack().click(&press(&house, "bob", "approval.approve")).await.expect("a button").ok);
    house.answered("Who are you at MonkeyCI?").await;
    assert_eq!(house.until(number, |_| true).await.as_str(), "blocked");

    assert!(house.slack().click(&press(&house, "ann", "approval.approve")).await.expect("a button").ok);
    house.until(number, |status| status.as_str() == "success").await;
    let over = house.told(&format!("acme/web #{number} succeeded on main")).await;
    assert_eq!(over.ts, message.ts);
    assert!(words(&over).contains("`deploy` approved by ann"), "{}", words(&over));

    // Another is rejected, with a reason.
    let number = house.build().await;
    house.told(&format!("Approval needed: deploy of acme/web #{number}")).await;
    assert!(house.slack().click(&press(&house, "ann", "approval.reject")).await.expect("a button").ok);
    house.slack().until("the form", |world| world.views.values().find(|view| !view.is_home()).map(|_| ())).await;
    let values = json!({ "reason": "not on a Friday" });
    let submit =
        Submit { user: "ann".into(), values: values.as_object().expect("values").clone(), ..Submit::default() };
    assert!(house.slack().submit(&submit).await.expect("a form").ok);
    house.until(number, BuildStatus::is_terminal).await;
    let what = format!("acme/web #{number} ");
    let rejected = house.slack().until("it is rejected", |world| {
        let messages = &world.channels[&house.channel].messages;
        messages
            .iter()
            .find(|one| one.text.starts_with(&what) && words(one).contains("rejected by ann: not on a Friday"))
            .cloned()
    });
    rejected.await;
    assert_eq!(house.lines().len(), 2);
}
