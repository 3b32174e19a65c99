//! Channels as people see them: what is shown, what cannot break out of it, and what they do there, in Chromium.

use serde_json::json;

use crate::app::Answer;
use crate::house::{House, button, section};
use crate::peers::{has, run, script};

/// Whether there is a browser, and what drives it.
fn is_here() -> bool {
    let find = |name: &str| {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
    };
    let node = if find("node") { Ok(()) } else { Err("no such program".to_owned()) };
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| find(name));
    has("node", node) && has("chromium", browser.map(|_| ()).ok_or_else(|| "no such program".to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn people_read_write_and_press_buttons_in_a_browser() {
    if !is_here() {
        return;
    }
    let house = House::open().await;
    let slack = house.slack();
    slack.change(|world| world.habits.limits = false);
    let hostile = "<script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">";
    slack.say("bob", "builds", hostile, None).expect("said");
    let blocks = json!([section(&format!("*web #1* failed {hostile}")), button("retry", "1")]);
    house.must("chat.postMessage", json!({ "channel": house.builds, "text": "web #1", "blocks": blocks })).await;
    house.app.says(json!({ "text": "understood" }));

    let url = format!("{}/c/{}?as=ann", house.server.url(), house.builds);
    let mut story = std::process::Command::new("node");
    story.arg(script("page.mjs")).arg(&url);
    let mut told = tokio::task::spawn_blocking(move || run(&mut story));
    // The modal is opened once the command has come, while the browser waits for it.
    let trigger = tokio::select! {
        command = house.app.heard("/build") => command["trigger_id"].clone(),
        ended = &mut told => panic!("no command came: {ended:?}"),
    };
    house.app.answer(Answer::Says(200, json!(null)));
    let label = |text: &str| json!({ "type": "plain_text", "text": text });
    let view = json!({
        "type": "modal", "title": label("Run a build"), "submit": label("Run"), "blocks": [
            { "type": "input", "block_id": "ref", "label": label("Branch"),
              "element": { "type": "plain_text_input", "action_id": "ref", "initial_value": "ma" } },
        ],
    });
    house.must("views.open", json!({ "trigger_id": trigger, "view": view })).await;
    told.await.expect("it ends").unwrap_or_else(|why| panic!("{why}"));
    let pressed = house.app.heard("block_actions").await;
    assert_eq!((&pressed["user"]["name"], &pressed["actions"][0]["value"]), (&json!("ann"), &json!("1")));
    let filled = house.app.heard("view_submission").await;
    assert_eq!(filled["view"]["state"]["values"]["ref"]["ref"]["value"], "main");
}
