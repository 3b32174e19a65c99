//! Workspaces install the app themselves, and each is told what is its own.

use monkeyci_client::rest::ChatIdentityBody;
use slack_emulator::setup::ChannelChange;

use crate::house::{House, words};

/// Somebody follows the address at which the app is installed, and says yes. Returns where Slack sent their browser.
async fn install(house: &House, user: &str) -> String {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a browser");
    let begun = browser.get(house.at("/slack/install")).send().await.expect("an answer");
    assert_eq!(begun.status(), 307);
    let page = begun.headers()["location"].to_str().expect("an address").to_owned();
    let (page, query) = page.split_once('?').expect("a query");
    assert_eq!(page, format!("{}/oauth/v2/authorize", house.slack().url()));
    let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let of = |name: &str| {
        query.iter().find(|(there, _)| there == name).map(|(_, value)| value.as_str()).expect("it is said")
    };
    let to = house.slack().allow(user, of("client_id"), of("scope"), Some(of("redirect_uri")), of("state"));
    to.expect("Slack lets them")
}

async fn follow(url: &str) -> (u16, String) {
    let answer = reqwest::get(url).await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workspaces_install_the_app_and_each_is_told_what_is_its_own() {
    let house = House::shared().await;
    let slack = house.slack();
    let other = slack.workspace("Other");
    let eve = slack.person(&other, "eve").expect("somebody");
    let theirs = slack.channel(&other, "theirs", &["eve"]).expect("a channel");

    let back = install(&house, "ann").await;
    let (status, said) = follow(&back).await;
    assert_eq!(status, 200, "{said}");
    assert!(said.contains("installed in Acme"), "{said}");
    assert_eq!(follow(&back).await.0, 400, "a state is good once");
    let (status, said) = follow(&install(&house, "eve").await).await;
    assert_eq!(status, 200, "{said}");
    let forged = house.at("/slack/oauth?code=1.2&state=0123456789abcdef01234567");
    let (status, said) = follow(&forged).await;
    assert!(status == 400 && said.contains("/slack/install"), "{said}");
    let (status, said) = follow(&house.at("/slack/oauth?error=access_denied%3Cscript%3E")).await;
    assert!(status == 400 && said.contains("access_denied"), "{said}");

    // The tokens are kept, and nobody on the server reads them.
    let store = house.client.org("acme").integration("slack");
    for team in [&house.team, &other] {
        let kept = store.store(&format!("workspace/{team}")).get().await.expect("it is kept");
        assert!(!String::from_utf8_lossy(&kept.bytes).contains("xoxb"));
    }

    let identity = ChatIdentityBody { person: "ann".into(), name: None };
    let acme = house.client.org("acme");
    acme.chat_identity("slack", &format!("{other}/{eve}")).put(&identity).await.expect("a link");
    for (team, channel, user) in [(&house.team, &house.channel, "ann"), (&other, &theirs, "eve")] {
        house.invite(team, channel);
        let answered = slack.command(user, channel, "/build subscribe web").await.expect("it can be typed");
        assert!(answered.ok, "{answered:?}");
        slack
            .until("it is subscribed", |world| {
                let messages = &world.channels[channel].messages;
                messages.iter().find(|one| words(one).contains("This channel is told")).map(|_| ())
            })
            .await;
    }
    house.commit("Break", 3, "error: it broke\n");
    house.build().await;
    for channel in [&house.channel, &theirs] {
        slack
            .until("it is told", |world| {
                let messages = &world.channels[channel].messages;
                messages.iter().find(|one| one.text == "acme/web #1 FAILED on main: unit").map(|_| ())
            })
            .await;
    }

    // Who takes it out is told nothing more, and their token is forgotten; the other is told on.
    slack.uninstall(&house.known.id, &other);
    house
        .wait_for("the token is forgotten", async || {
            (house.kept("workspace/").await == [format!("workspace/{}", house.team)]).then_some(())
        })
        .await;
    house
        .wait_for("the server is told", async || {
            let known = acme.slack_workspaces().all().await.expect("workspaces");
            let known: Vec<_> = known.into_iter().map(|one| one.id).collect();
            (known == [house.team.clone()]).then_some(())
        })
        .await;
    house.commit("Mend", 0, "");
    house.build().await;
    house.told("acme/web main is green again (#2)").await;

    // Nothing is installed twice by accident: once more is the same workspace with another token.
    let (status, _) = follow(&install(&house, "eve").await).await;
    assert_eq!(status, 200);
    let kept = house.kept("workspace/").await;
    assert_eq!(kept.len(), 2, "{kept:?}");
    slack.change_channel(&theirs, &ChannelChange::default()).expect("it is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_cannot_be_forgotten_yet_is_forgotten_when_the_server_is_back() {
    let house = House::shared().await;
    let slack = house.slack();
    assert_eq!(follow(&install(&house, "ann").await).await.0, 200);
    house.server_does("STOP");
    slack.uninstall(&house.known.id, &house.team);
    slack
        .until("Slack is told that it was not heard", |world| {
            let attempts = world.deliveries.iter().flat_map(|delivery| &delivery.attempts);
            attempts.into_iter().find(|attempt| attempt.status == Some(503)).map(|_| ())
        })
        .await;
    house.server_does("CONT");
    slack.clock().advance(std::time::Duration::from_secs(61));
    house.wait_for("the token is forgotten", async || house.kept("workspace/").await.is_empty().then_some(())).await;
}
