//! Whatever an app sends, it is told what is wrong, and the emulator goes on.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Map, Value, json};
use slack_emulator::blocks;

use crate::house::House;

/// Any JSON, with the words of Block Kit among its keys and values.
fn anything() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "type",
        "text",
        "blocks",
        "elements",
        "section",
        "actions",
        "mrkdwn",
        "plain_text",
        "button",
        "modal",
        "home",
        "view",
        "accessory",
        "fields",
        "options",
        "block_id",
        "action_id",
        "rich_text",
        "plan",
        "tasks",
        "unfurls",
        "channel",
        "ts",
        "files",
        "metadata",
        "event_type",
        "<a",
        "```",
        "&",
        "*",
        ":x:",
    ]);
    let text = prop_oneof![word.clone().prop_map(str::to_owned), ".{0,12}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(|flag| json!(flag)),
        any::<i64>().prop_map(|number| json!(number)),
        text.prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        let key = word.clone().prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|all| Value::Object(all.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_checked_is_judged(value in anything()) {
        let found = blocks::check_view(&value);
        let list = value.as_array().cloned().unwrap_or_else(|| vec![value]);
        for violation in found.iter().chain(&blocks::check(&list)) {
            prop_assert!(violation.pointer.starts_with("/blocks") || violation.pointer.starts_with("/view"));
        }
    }
}

const METHODS: &[&str] = &[
    "api.test",
    "auth.test",
    "apps.connections.open",
    "oauth.v2.access",
    "team.info",
    "bots.info",
    "chat.postMessage",
    "chat.update",
    "chat.delete",
    "chat.postEphemeral",
    "chat.unfurl",
    "chat.getPermalink",
    "conversations.list",
    "conversations.info",
    "conversations.members",
    "conversations.open",
    "conversations.join",
    "conversations.leave",
    "conversations.history",
    "conversations.replies",
    "users.info",
    "users.list",
    "users.lookupByEmail",
    "users.conversations",
    "views.open",
    "views.push",
    "views.update",
    "views.publish",
    "reactions.add",
    "reactions.remove",
    "pins.add",
    "pins.remove",
    "pins.list",
    "bookmarks.add",
    "bookmarks.edit",
    "bookmarks.remove",
    "bookmarks.list",
    "files.getUploadURLExternal",
    "files.completeUploadExternal",
];

const ARGUMENTS: &[&str] = &[
    "channel",
    "channel_id",
    "ts",
    "text",
    "blocks",
    "attachments",
    "metadata",
    "thread_ts",
    "user",
    "users",
    "view",
    "view_id",
    "trigger_id",
    "user_id",
    "unfurls",
    "timestamp",
    "name",
    "files",
    "filename",
    "length",
    "limit",
    "cursor",
    "types",
    "title",
    "type",
    "link",
    "email",
    "oldest",
    "client_msg_id",
    "unfurl_id",
    "source",
    "bookmark_id",
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_called_is_answered() {
    let house = House::open().await;
    house.slack().change(|world| world.habits.limits = false);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let arguments = prop::collection::vec((prop::sample::select(ARGUMENTS), anything()), 0..6);
    let ids = [house.builds.clone(), house.bot.clone(), house.team.clone(), "1.2".to_owned()];
    for round in 0..600 {
        let drawn = arguments.new_tree(&mut runner).expect("arguments").current();
        let mut body: Map<String, Value> = drawn.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        // Some of them name what is there, so that more is looked at.
        for name in ["channel", "channel_id", "user", "ts"].iter().filter(|_| round % 3 > 0) {
            body.insert((*name).to_owned(), json!(ids[round % ids.len()]));
        }
        let method = METHODS[round % METHODS.len()];
        let answer = house.answer(method, &house.token, Value::Object(body.clone())).await;
        assert_eq!(answer.status, 200, "{method} {body:?}: {answer:?}");
        let json = answer.json().await.unwrap_or_else(|error| panic!("{method} {body:?}: {error}"));
        assert_eq!(json["ok"] == false, json["error"].is_string(), "{method} {body:?}: {json}");
        let form: Vec<_> = body.iter().map(|(name, value)| (name.as_str(), value.to_string())).collect();
        let pairs: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert!(house.form(method, &pairs).await["ok"].is_boolean(), "{method} {pairs:?}");
    }
    // And the page of what came of it can be drawn.
    let page = house.get(&format!("{}/c/{}?as=ann", house.server.url(), house.builds)).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("<script>") && page.text.contains("<main>"));
}

#[tokio::test]
async fn a_browser_is_asked_whether_an_app_may_come_in() {
    let house = House::open().await;
    let id = house.slack().look(|world| world.apps[&house.app_id].client_id.clone());
    let url = format!("{}/oauth/v2/authorize?client_id={id}&scope=commands,%3Cb%3E&state=%22s", house.server.url());
    let page = house.get(&url).await;
    assert!(page.text.contains("&lt;b&gt;") && page.text.contains(r#"value="&quot;s""#), "{}", page.text);
    assert_eq!(house.get(&format!("{}/oauth/v2/authorize?client_id=1", house.server.url())).await.status, 400);
}
