//! Whatever is written, a plan after it was applied is empty.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};

use crate::workspace::{Way, Workspace};

#[test]
fn any_notes_settle() {
    let Some(w) = Workspace::new(&Way::Reattach) else { return };
    let mut runner = TestRunner::deterministic();
    for round in 0..3 {
        let notes = prop::collection::vec(note(), 40).new_tree(&mut runner).expect("notes").current();
        let resources: serde_json::Map<String, Json> = notes
            .into_iter()
            .enumerate()
            .map(|(index, mut note)| {
                note["name"] = json!(format!("note {index}"));
                (format!("n{index}"), note)
            })
            .collect();
        w.write("main.tf.json", &json!({ "resource": { "files_note": resources } }).to_string());
        w.apply();
        assert!(w.is_settled(), "in round {round}");
    }
}

fn word() -> impl Strategy<Value = String> {
    // Terraform reads `${` and `%{` as its own.
    "[a-zé\u{10348}\"\\\\ \n]{0,8}"
}

fn number() -> impl Strategy<Value = Json> {
    prop_oneof![
        any::<i32>().prop_map(|int| json!(int)),
        any::<u64>().prop_map(|int| json!(int)),
        (-1e9..1e9_f64).prop_map(|float| json!(float)),
        Just(json!(0.1)),
    ]
}

fn anything() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![Just(Json::Null), any::<bool>().prop_map(Json::from), number(), word().prop_map(Json::from)];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4).prop_map(Json::from_iter),
        ]
    })
}

fn author() -> impl Strategy<Value = Json> {
    ("[a-c]", prop::option::of("[a-c]@example.com")).prop_map(|(name, email)| json!({ "name": name, "email": email }))
}

fn part() -> impl Strategy<Value = Json> {
    (word(), prop::option::of(number()), prop::option::of(word())).prop_map(
        |(title, weight, key)| json!({ "title": title, "weight": weight.filter(Json::is_i64), "key_wo": key }),
    )
}

fn note() -> impl Strategy<Value = Json> {
    let says = prop_oneof![
        prop::option::of(word()).prop_map(|text| json!({ "text": text })),
        prop::collection::vec(word(), 0..4).prop_map(|lines| json!({ "lines": lines })),
    ];
    let parts = prop::collection::btree_map("[a-z]{1,3}", part(), 0..4).prop_map(BTreeMap::from);
    let more = (
        prop::option::of(1..=9_i64),
        prop::option::of(prop::collection::vec("[a-z]{0,2}", 0..5)),
        prop::option::of(author()),
        prop::option::of(parts),
        prop::option::of(prop::collection::vec(author(), 0..4)),
        prop::option::of(anything()),
    );
    (says, more).prop_map(|(mut note, (copies, tags, author, parts, mentions, extra))| {
        note["copies"] = json!(copies);
        note["tags"] = json!(tags);
        note["author"] = json!(author);
        note["parts"] = json!(parts);
        note["mentions"] = json!(mentions);
        note["extra"] = json!(extra);
        note
    })
}
