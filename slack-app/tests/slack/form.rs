//! Forms: what is wrong is said in them, and what they say is done once.

use monkeyci_client::rest::ParamBody;
use serde_json::{Value, json};
use slack_emulator::deed::{Click, Shortcut, Submit, Suggest};
use slack_emulator::world::View;

use crate::house::House;

fn submit(values: Value) -> Submit {
    Submit { user: "ann".into(), values: values.as_object().expect("values").clone(), ..Submit::default() }
}

/// Waits until a modal of ann's is as it should be.
async fn modal(house: &House, what: &str, is_it: impl Fn(&View) -> bool) -> View {
    let mut views = |world: &slack_emulator::world::World| {
        world.views.values().filter(|view| !view.is_home()).find(|view| is_it(view)).cloned()
    };
    house.slack().until(what, &mut views).await
}

fn has(block: &'static str) -> impl Fn(&View) -> bool {
    move |view| view.body["blocks"].as_array().is_some_and(|blocks| blocks.iter().any(|one| one["block_id"] == block))
}

fn element<'v>(view: &'v View, block: &str) -> &'v Value {
    let blocks = view.body["blocks"].as_array().expect("blocks");
    &blocks.iter().find(|one| one["block_id"] == block).unwrap_or_else(|| panic!("no `{block}`"))["element"]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_is_begun_by_a_form_with_a_field_for_each_param() {
    let house = House::open(true).await;
    house.commit("Begin", 0, "fine\n");
    let web = house.client.org("acme").repo("web");
    for (name, value) in [("DEBUG", "true"), ("COUNT", "3"), ("REGION", "eu")] {
        let body = ParamBody { value: Some(value.into()), ..ParamBody::default() };
        web.param(name).put(&body).await.expect("a param");
    }
    let secret = ParamBody { value: Some("hush-hush".into()), secret: true, description: None };
    web.param("TOKEN").put(&secret).await.expect("a secret");

    // By the shortcut, no repository is known yet: one is looked for, and its params come with it.
    let run = Shortcut { user: "ann".into(), callback_id: "run".into(), ..Shortcut::default() };
    assert!(house.slack().shortcut(&run).await.expect("a shortcut").ok);
    modal(&house, "the form", has("repo")).await;
    let typed = Suggest { user: "ann".into(), action_id: "repo".into(), value: "we".into(), ..Suggest::default() };
    let found = house.slack().suggest(&typed).await.expect("a menu");
    assert_eq!(found.answer["options"][0]["value"], "web", "{found:?}");
    let choose = Click { user: "ann".into(), action_id: "repo".into(), choose: Some("web".into()), ..Click::default() };
    assert!(house.slack().click(&choose).await.expect("a menu").ok);
    let form = modal(&house, "the form of the repository", has("param:web:DEBUG")).await;
    assert_eq!(element(&form, "param:web:DEBUG")["type"], "static_select");
    assert_eq!(element(&form, "param:web:COUNT")["type"], "number_input");
    assert_eq!(element(&form, "param:web:REGION")["initial_value"], "eu");
    assert!(!form.body.to_string().contains("hush-hush"));

    // What is wrong is said where it stands, by the app and by the server, and the form stays.
    let wrong = house.slack().submit(&submit(json!({ "params": "A=1\nB" }))).await.expect("a form");
    assert_eq!(wrong.answer["errors"]["params"], "Line 2 is no `KEY=value`.", "{wrong:?}");
    let wrong = house.slack().submit(&submit(json!({ "params": null, "ref": "a..b" }))).await.expect("a form");
    assert_eq!(wrong.answer["response_action"], "errors", "{wrong:?}");
    assert!(wrong.answer["errors"]["ref"].is_string(), "{wrong:?}");
    let values = json!({ "ref": "main", "params": "EXTRA=1", "param:web:DEBUG": "false" });
    let sent = house.slack().submit(&submit(values)).await.expect("a form");
    assert!(sent.ok && sent.answer.is_null(), "{sent:?}");
    house
        .slack()
        .until("ann is told", |world| {
            let messages = world.channels.values().flat_map(|channel| &channel.messages);
            messages.map(crate::house::words).find(|said| said.contains("acme/web #1> runs."))
        })
        .await;
    let build = web.build(1).get().await.expect("a build").build;
    let params: Vec<_> = build.trigger.params.iter().map(|(name, value)| (name.as_str(), value.as_plain())).collect();
    let given: Vec<_> = params.iter().filter(|(name, _)| ["DEBUG", "EXTRA"].contains(name)).collect();
    assert_eq!(given, [&("DEBUG", Some("false")), &("EXTRA", Some("1"))], "{params:?}");

    house.until(1, monkeyci_client::model::BuildStatus::is_terminal).await;
    // Again, like the build of a message: what it was given stands in the form.
    house.command("ann", "/build subscribe web on:all").await;
    house.answered("This channel is told").await;
    house.command("ann", "/build retry web#1 all").await;
    let message = house.told("acme/web #2 succeeded on main").await;
    let again = Shortcut {
        user: "ann".into(),
        callback_id: "rerun".into(),
        channel: Some(house.channel.clone()),
        ts: Some(message.ts),
    };
    assert!(house.slack().shortcut(&again).await.expect("a shortcut").ok);
    let form = modal(&house, "the form", has("again:web:DEBUG")).await;
    assert_eq!(element(&form, "again:web:DEBUG")["initial_option"]["value"], "false");
    assert_eq!(element(&form, "params")["initial_value"], "EXTRA=1");
    assert_eq!(element(&form, "ref")["initial_value"], "main");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_that_takes_too_long_stays_open_and_is_done_once_however_often_it_is_sent() {
    let house = House::open(false).await;
    house.commit("Begin", 0, "fine\n");
    house.command("ann", "/build run").await;
    modal(&house, "the form", has("repo")).await;
    house.server_does("STOP");
    let values = json!({ "repo": "web", "ref": "main" });
    let slow = house.slack().submit(&submit(values.clone())).await.expect("a form");
    assert!(slow.ok && slow.millis < 3000, "{slow:?}");
    assert!(slow.answer["errors"]["repo"].as_str().is_some_and(|why| why.contains("takes its time")), "{slow:?}");
    house.server_does("CONT");
    house.answered("acme/web #1> runs.").await;
    let again = house.slack().submit(&submit(values)).await.expect("it is open still");
    assert!(again.ok && again.answer.is_null(), "{again:?}");
    let builds = house.client.org("acme").repo("web").builds(None, None).all().await.expect("builds");
    assert_eq!(builds.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_set_by_a_form_alone_and_stands_nowhere() {
    let house = House::open(true).await;
    house.command("ann", "/build params set TOKEN scope:web").await;
    modal(&house, "the form", has("value")).await;
    let sent = house.slack().submit(&submit(json!({ "value": "hush-hush" }))).await.expect("a form");
    assert!(sent.ok && sent.answer.is_null(), "{sent:?}");
    house.answered("`TOKEN` is set.").await;
    let params = house.client.org("acme").repo("web").params().all().await.expect("params");
    assert!(params.iter().any(|param| param.name == "TOKEN" && param.secret && param.value.is_none()), "{params:?}");
    // Said in the channel, it is not taken.
    house.command("ann", "/build params set TOKEN other-secret scope:web").await;
    house.answered("its value is not to be said here").await;
    house.command("ann", "/build params list scope:web").await;
    house.answered("• `TOKEN` :lock: version 1").await;
    let said = house.slack().look(|world| format!("{:?}", world.calls));
    assert!(!said.contains("hush-hush"));
}
