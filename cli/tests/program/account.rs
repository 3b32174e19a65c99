//! Accounts of programs, chats, and people who are let in no more.

use monkeyci_client::Client;
use monkeyci_client::rest::NewLink;

use crate::served::Served;

#[test]
fn a_chat_is_linked_by_its_code_and_its_integration_then_acts_for_whoever_did() {
    let served = Served::with_script("[{id: unit, script: [echo done]}]");
    served.does(&["service-account", "set", "slack", "viewer", "--integration", "--org", "acme"]);
    served.does(&["service-account", "set", "slack", "viewer", "--description", "the app", "--org", "acme"]);
    let listed = served.does(&["service-account", "list", "--org", "acme"]);
    assert!(listed.contains("slack  viewer  the app  integration"), "what is not said stays: {listed}");
    let token =
        served.place.run(&["service-account", "token", "slack", "chat", "--role", "developer", "--org", "acme"]);
    let client = Client::new(&served.url, Some(token.stdout.trim())).expect("a client");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("threads");
    let link = NewLink { provider: "slack".into(), subject: "T1/U1".into(), name: Some("Ada".into()) };
    let offer = runtime.block_on(client.org("acme").integration("slack").offer_link(&link)).expect("an offer");

    let asked = served.does(&["link", &offer.code, "--dry-run"]);
    assert_eq!(asked, "`slack` asks whether slack:T1/U1, who is called Ada there, is you in `acme`\n");
    assert_eq!(served.does(&["link", &offer.code]), "slack:T1/U1 is you in `acme` from now on\n");
    assert_eq!(served.run(&["link", &offer.code]).code, Some(2), "it is good once");
    let acting = client.acting_as("slack:T1/U1").expect("a user");
    let me = runtime.block_on(acting.me()).expect("somebody");
    assert_eq!((me.name.as_str(), me.via.as_deref(), me.admin), ("admin", Some("acme/slack"), false));
    let build = runtime.block_on(acting.org("acme").repo("web").start(&Default::default())).expect("a build");
    served.does(&["watch", &format!("acme/web/{}", build.build.number), "-q"]);
    let shown = served.does(&["show", "acme/web"]);
    assert!(shown.contains("by admin via acme/slack"), "{shown}");

    assert!(served.does(&["link"]).contains("slack:T1/U1"));
    served.does(&["unlink", "acme", "slack:T1/U1"]);
    let refused = runtime.block_on(acting.me()).expect_err("nobody");
    assert_eq!(refused.problem().and_then(|problem| problem.code.as_deref()), Some("not-linked"));
    served.does(&["service-account", "disable", "slack", "--org", "acme"]);
    assert_eq!(runtime.block_on(client.me()).expect_err("disabled").status(), Some(401));
    served.does(&["service-account", "remove", "slack", "--org", "acme"]);
}

#[test]
fn who_runs_the_server_lets_somebody_in_no_more() {
    let served = Served::with_script("[]");
    served.does(&["org", "grant", "acme", "ann", "developer"]);
    assert_eq!(served.does(&["people", "disable", "ann"]), "`ann` is let in no more\n");
    assert!(served.does(&["people", "list"]).contains("disabled"));
    let own = served.run(&["people", "disable", "admin"]);
    assert!(own.code == Some(1) && own.stderr.contains("this is you"), "{}", own.stderr);
    assert_eq!(served.run(&["people", "enable", "nobody"]).code, Some(2));
    served.does(&["people", "enable", "ann"]);
    assert!(!served.does(&["people", "list"]).contains("disabled"));
}
