//! Modals are opened in time, filled in, sent and answered; home tabs are published.

use std::time::Duration;

use serde_json::{Map, Value, json};
use slack_emulator::deed::{Close, Submit, Suggest};

use crate::house::{House, section};

fn modal(title: &str) -> Value {
    let label = |text: &str| json!({ "type": "plain_text", "text": text });
    json!({
        "type": "modal", "callback_id": "run", "title": label(title), "submit": label("Run"), "notify_on_close": true,
        "blocks": [
            { "type": "input", "block_id": "repo", "label": label("Repository"),
              "element": { "type": "external_select", "action_id": "repo", "min_query_length": 0 } },
            { "type": "input", "block_id": "ref", "label": label("Branch"),
              "element": { "type": "plain_text_input", "action_id": "ref", "initial_value": "main", "max_length": 20 } },
        ],
    })
}

/// Opens a modal for ann.
async fn opened(house: &House) -> Value {
    house.slack().command("ann", "builds", "/build").await.expect("a command");
    let trigger = &house.app.heard("/build").await["trigger_id"];
    house.must("views.open", json!({ "trigger_id": trigger, "view": modal("Run a build") })).await
}

fn submit(values: Value) -> Submit {
    let values: Map<String, Value> = values.as_object().cloned().expect("an object");
    Submit { user: "ann".into(), view: None, values }
}

#[tokio::test]
async fn a_modal_is_filled_in_refused_and_taken() {
    let house = House::open().await;
    let slack = house.slack();
    let view = opened(&house).await;
    let empty = slack.submit(&submit(json!({}))).await.expect_err("no repository");
    assert_eq!(empty.to_string(), "please complete this required field: `repo`");
    let long = slack.submit(&submit(json!({ "repo": "web", "ref": "a".repeat(21) }))).await;
    assert_eq!(long.expect_err("too long").to_string(), "`ref` takes 20 characters at most");

    let option = json!({ "text": { "type": "plain_text", "text": "acme/web" }, "value": "acme/web" });
    house.app.says(json!({ "options": [option] }));
    let typed = Suggest { user: "ann".into(), action_id: "repo".into(), value: "we".into(), view: None };
    let found = slack.suggest(&typed).await.expect("a menu");
    assert_eq!((found.ok, &found.answer["options"][0]), (true, &option));
    house.app.says(json!({ "options": [{ "text": "acme/web" }] }));
    assert_eq!(slack.suggest(&typed).await.expect("a menu").error.as_deref(), Some("invalid_options"));

    house.app.says(json!({ "response_action": "errors", "errors": { "ref": "there is no such branch" } }));
    let refused = slack.submit(&submit(json!({ "repo": option, "ref": "mian" }))).await.expect("sent");
    assert!(refused.ok && refused.answer["errors"]["ref"] == "there is no such branch");
    assert_eq!(slack.modals("ann").len(), 1, "it stays open");
    house.app.says(json!({ "response_action": "errors", "errors": { "nothing": "wrong" } }));
    assert!(!slack.submit(&submit(json!({ "repo": option }))).await.expect("sent").ok);

    house.app.says(Value::Null);
    slack.submit(&submit(json!({ "repo": option, "ref": "main" }))).await.expect("sent");
    assert!(slack.modals("ann").is_empty());
    let came = house.app.heard("view_submission").await;
    assert_eq!((&came["type"], &came["view"]["id"]), (&json!("view_submission"), &view["view"]["id"]));
    assert_eq!(came["view"]["state"]["values"]["ref"]["ref"], json!({ "type": "plain_text_input", "value": "main" }));
    assert_eq!(came["view"]["state"]["values"]["repo"]["repo"]["selected_option"], option);
}

#[tokio::test]
async fn views_are_pushed_changed_and_closed() {
    let house = House::open().await;
    let slack = house.slack();
    opened(&house).await;
    house.app.says(json!({ "response_action": "push", "view": modal("Second") }));
    let values = json!({ "repo": "web" });
    slack.submit(&submit(values.clone())).await.expect("sent");
    assert_eq!(slack.modals("ann").len(), 2);
    house.app.says(json!({ "response_action": "update", "view": modal("Changed") }));
    slack.submit(&submit(values)).await.expect("sent");
    let top = slack.modals("ann").pop().expect("a modal");
    assert_eq!(top.body["title"]["text"], "Changed");
    let stale = json!({ "view_id": top.id, "hash": "1.stale", "view": modal("Third") });
    assert_eq!(house.error("views.update", stale).await, "hash_conflict");
    house.must("views.update", json!({ "view_id": top.id, "hash": top.hash, "view": modal("Third") })).await;
    let closed = slack.close(&Close { user: "ann".into(), all: true, view: None }).await.expect("closed");
    assert!(closed.is_some_and(|answered| answered.ok));
    assert!(slack.modals("ann").is_empty());
    assert_eq!(house.app.heard("view_closed").await["is_cleared"], true);
}

#[tokio::test]
async fn a_trigger_is_good_once_and_for_three_seconds() {
    let house = House::open().await;
    house.slack().clock().run(0.0);
    house.slack().command("ann", "builds", "/build").await.expect("a command");
    let trigger = house.app.heard("/build").await["trigger_id"].clone();
    let open = |trigger: &Value| json!({ "trigger_id": trigger, "view": modal("Run") });
    house.must("views.open", open(&trigger)).await;
    assert_eq!(house.error("views.open", open(&trigger)).await, "exchanged_trigger_id");
    assert_eq!(house.error("views.open", open(&json!("1.2.3"))).await, "invalid_trigger_id");
    house.slack().command("ann", "builds", "/build").await.expect("a command");
    let trigger = house.app.heard("/build").await["trigger_id"].clone();
    house.slack().clock().advance(Duration::from_secs(4));
    assert_eq!(house.error("views.open", open(&trigger)).await, "expired_trigger_id");
}

#[tokio::test]
async fn a_home_tab_is_published_and_opened() {
    let house = House::open().await;
    let ann = house.slack().look(|world| world.person("ann").expect("ann").id.clone());
    house.slack().open_home("ann", &house.app_id).expect("opened");
    let came = house.came(1).await.pop().expect("an event");
    assert_eq!((&came["event"]["type"], &came["event"]["user"]), (&json!("app_home_opened"), &json!(ann)));
    let home = json!({ "type": "home", "blocks": [section("hello ann")] });
    let published = house.must("views.publish", json!({ "user_id": ann, "view": home })).await;
    let wrong = json!({ "user_id": ann, "view": home, "hash": "1.stale" });
    assert_eq!(house.error("views.publish", wrong).await, "hash_conflict");
    let again = json!({ "user_id": ann, "view": home, "hash": published["view"]["hash"] });
    let again = house.must("views.publish", again).await;
    assert_eq!(again["view"]["id"], published["view"]["id"]);
    let shown = house.slack().home("ann", &house.app_id).expect("a home");
    assert_eq!(shown["blocks"][0]["text"]["text"], "hello ann");
    assert_eq!(house.error("views.publish", json!({ "user_id": ann, "view": modal("No") })).await, "invalid_arguments");
}
