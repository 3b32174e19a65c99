//! How a sidecar finds its order, and what it says of one that it cannot follow.

use std::fs;

use monkeyci_core::sidecar::Depot as _;

use crate::story::{Story, has_namespaces, program, said};

#[test]
fn orders_that_cannot_be_followed_are_told_without_what_is_secret_in_them() {
    let story = Story::lines(["true"], &[]);
    let good = String::from_utf8(story.order.to_json()).expect("text");
    let file = story.home.path().join("an-order");
    let at = file.display().to_string();
    for (text, why) in [
        ("".to_owned(), "it is no order"),
        ("s3cr3t".to_owned(), "it is no order"),
        (good.replace("\"protocol\":1", "\"protocol\":7"), "version 7"),
        (good.replace("graceMs", "s3cr3t"), "lacks something"),
        (good.replace("http://", "s3cr3t://"), "begins neither with `http://`"),
        (good.replace("s3cr3t/", "s3cr3t"), "does not end in `/`"),
    ] {
        fs::write(&file, text).expect("a file");
        let output = program(&["sidecar", "--order", &at]).output().expect("runs");
        let said = said(&output);
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(said.contains(why) && !said.contains("s3cr3t"), "{said}");
    }
    for (arguments, why) in [
        (&["sidecar"][..], "--order"),
        (&["sidecar", "--order", "/not/there"], "`/not/there` cannot be read"),
        (&["sidecar", "--order", "a", "--oci", "b/c"], "cannot be used with"),
        (&["sidecar", "--oci", "bucket"], "names no bucket and prefix"),
    ] {
        let output = program(arguments).output().expect("runs");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(why), "{}", said(&output));
    }
    let output = program(&["sidecar", "--oci", "bucket/prefix"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(4));
    assert!(said(&output).contains("with its resource principal on?"), "{}", said(&output));
    assert!(!said(&program(&["--help"]).output().expect("runs")).contains("sidecar"), "it is for executors");
}

#[test]
fn an_order_at_an_address_is_waited_for() {
    if !has_namespaces() {
        return;
    }
    let story = Story::lines(["echo ran"], &[]);
    let at = format!("{}order.json", story.depot.for_sidecar());
    let mut sidecar = crate::story::Running(program(&["sidecar", "--order", &at]).spawn().expect("starts"));
    story.depot.wait_until(|state| state.asked.iter().any(|asked| asked == "GET order.json"));
    story.prepare();
    let _job = story.job();
    assert_eq!(story.mirror().output(), "ran\n");
    assert_eq!(sidecar.ends(), Some(0));
}

#[test]
fn two_who_create_one_object_do_not_replace_each_other() {
    let story = Story::lines(["true"], &[]);
    let depot = monkeyci_core::sidecar::HttpDepot::new(&story.depot.for_host(), None).expect("an address");
    story.runtime.block_on(async {
        assert!(depot.create("report/0", "first".into()).await.expect("created"));
        assert!(!depot.create("report/0", "second".into()).await.expect("there"));
        assert_eq!(depot.get("report/0", 5).await.expect("asked").as_deref(), Some(&b"first"[..]));
        depot.get("report/0", 4).await.expect_err("it is longer");
    });
}
