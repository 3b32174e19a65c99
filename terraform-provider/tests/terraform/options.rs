//! What may stand in the `provider` block.

use monkeyci_client::rest::RepoBody;

use crate::proxy::{Fate, Proxy};
use crate::workspace::Workspace;

const REPO: &str = r#"
resource "monkeyci_org" "acme" {
  slug = "acme"
}
resource "monkeyci_repo" "web" {
  org    = monkeyci_org.acme.id
  name   = "web"
  url    = "https://git.example.com/acme/web.git"
  labels = { team = "shop", tier = "2" }
}
output "labels" {
  value = jsonencode(monkeyci_repo.web.labels_all)
}
"#;

#[test]
fn labels_of_the_provider_are_on_every_repository_that_has_no_others() {
    let Some(w) = Workspace::new() else { return };
    let by_default = |labels: &str| w.goes_by(&w.server.url, &format!("default_labels = {labels}"));
    by_default("{ managed_by = \"terraform\", tier = \"1\" }");
    w.write("main.tf", REPO);
    w.apply();
    w.is_settled();
    let web = w.client.org("acme").repo("web");
    let labels = || serde_json::to_string(&w.ask(web.get()).body.labels).expect("JSON");
    assert_eq!(labels(), r#"{"managed_by":"terraform","team":"shop","tier":"2"}"#);
    assert_eq!(w.succeeds(&["output", "-raw", "labels"]), labels());

    // A change of the provider's block is a change of what it has made.
    by_default("{ managed_by = \"code\" }");
    assert!(w.is_unsettled().contains("\"terraform\" -> \"code\""));
    assert!(w.apply().contains("0 added, 1 changed, 0 destroyed"));
    w.is_settled();
    assert_eq!(labels(), r#"{"managed_by":"code","team":"shop","tier":"2"}"#);

    // Somebody changes them by hand.
    let body = w.ask(web.get()).body;
    let by_hand = [("managed_by", "hand"), ("team", "shop"), ("more", "x")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    w.ask(web.put(&RepoBody { labels: by_hand.into(), ..body }));
    w.is_unsettled();
    w.apply();
    assert_eq!(labels(), r#"{"managed_by":"code","team":"shop","tier":"2"}"#);
    w.is_settled();
    w.imports(&[("monkeyci_org.acme", "acme"), ("monkeyci_repo.web", "acme/web")]);

    w.goes_by(&w.server.url, "");
    w.write("main.tf", &REPO.replace("  labels = { team = \"shop\", tier = \"2\" }\n", ""));
    w.apply();
    assert_eq!(labels(), "{}");
    w.is_settled();
}

#[test]
fn options_that_cannot_be_are_refused_at_their_lines() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", REPO);
    for (option, said) in [
        ("max_retries = 21", "0 to 20 are possible"),
        ("max_retry_wait = \"half a minute\"", "a duration is written as `30s`"),
        ("request_timeout = \"2h\"", "`1s` to `1h` are possible"),
        ("parallelism = 0", "1 to 256 are possible"),
    ] {
        w.goes_by(&w.server.url, option);
        let complaints = w.complaints();
        assert!(complaints.iter().any(|(at, told)| at == option && told.contains(said)), "{option}: {complaints:#?}");
    }
}

#[test]
fn a_refresh_without_the_read_cache_reads_one_by_one_and_through_a_narrow_door() {
    let Some(w) = Workspace::new() else { return };
    let many = "resource \"monkeyci_param\" \"many\" {\n  count = 20\n  scope = monkeyci_org.acme.id\n  name = \"P${count.index}\"\n  value = \"x\"\n}\n";
    w.write("main.tf", &format!("{REPO}{many}"));
    w.apply();
    let counted = |options: &str| {
        w.goes_by(&w.server.url, options);
        let before = w.requests();
        w.is_settled();
        w.requests() - before
    };
    assert!(counted("") <= 6);
    assert_eq!(counted("read_cache = false\n  parallelism = 1"), 22);
}

#[test]
fn a_plan_has_the_server_look_at_each_object_and_an_apply_not_once_more() {
    let Some(w) = Workspace::new() else { return };
    let many = "resource \"monkeyci_param\" \"many\" {\n  count = 20\n  scope = monkeyci_org.acme.id\n  name = \"P${count.index}\"\n  value = \"x\"\n}\n";
    w.write("main.tf", &format!("{REPO}{many}"));
    let proxy = Proxy::new(&w.server.url, |_, _| Fate::Passes);
    w.goes_by(&proxy.url, "");
    w.succeeds(&["plan", "-out=saved"]);
    assert_eq!(proxy.count("POST /v1/validate/"), 22);
    w.succeeds(&["apply", "saved"]);
    // The organisation is planned before anything is written; all others are planned after it.
    assert_eq!(proxy.count("POST /v1/validate/"), 23);
    assert_eq!(proxy.count("PUT /v1/orgs/acme"), 22);
    w.is_settled();
}

#[test]
fn a_token_comes_from_a_program_and_is_told_to_nobody() {
    let Some(w) = Workspace::with_program() else { return };
    w.write("main.tf", REPO);
    let by = |command: &str| {
        w.goes_by(&w.server.url, &format!("token_command = {command}"));
        w.write("provider.tf", &w.read("provider.tf").replace("  token = var.token\n", ""));
    };
    w.write("../token", &w.server.token);
    by("[\"cat\", \"../token\"]");
    w.apply();
    w.is_settled();
    w.holds_no(&w.server.token);
    for (command, said) in [
        ("[\"cat\", \"gone\"]", "failed (exit status: 1): cat: gone"),
        ("[\"true\"]", "prints nothing"),
        ("[\"/nowhere/at/all\"]", "cannot be run"),
        ("[\"sh\", \"-c\", \"echo mci_secret; exit 3\"]", "failed (exit status: 3)"),
        ("[]", "has 0 elements"),
    ] {
        by(command);
        let complaints = w.complaints();
        assert!(complaints.iter().any(|(_, told)| told.contains(said)), "{command}: {complaints:#?}");
        assert!(complaints.iter().all(|(_, told)| !told.contains("mci_")), "{complaints:#?}");
    }
}
