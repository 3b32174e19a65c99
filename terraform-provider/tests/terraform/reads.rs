//! Data sources, functions, and what lives for one run.

use monkeyci_client::ClientError;
use monkeyci_client::rest::{OrgBody, RepoBody, Role, ServiceAccountBody};

use crate::workspace::Workspace;

/// A server with an organisation, two repositories and a service account that nobody declared.
pub fn furnished(w: Workspace) -> Workspace {
    let acme = w.client.org("acme");
    w.ask(acme.put(&OrgBody { name: Some("Acme".into()), ..OrgBody::default() }));
    for (name, labels) in [("lib", serde_json::json!({})), ("web", serde_json::json!({ "team": "shop" }))] {
        let url = format!("https://git.example.com/acme/{name}.git");
        let body: RepoBody =
            serde_json::from_value(serde_json::json!({ "url": url, "labels": labels })).expect("a body");
        w.ask(acme.repo(name).put(&body));
    }
    let account = ServiceAccountBody { role: Role::Viewer, description: None, integration: false, disabled: false };
    w.ask(acme.service_account("reader").put(&account));
    w
}

#[test]
fn what_others_look_after_is_read() {
    let Some(w) = Workspace::new().map(furnished) else { return };
    w.write(
        "main.tf",
        r#"
data "monkeyci_org" "acme" {}
data "monkeyci_repo" "web" { name = "web" }
data "monkeyci_repos" "all" {}
data "monkeyci_repos" "shop" { labels = { team = "shop" } }
data "monkeyci_builds" "web" { repo = data.monkeyci_repo.web.id }
data "monkeyci_current_user" "me" {}
data "monkeyci_server" "this" {}
output "all" {
  value = jsonencode({
    org     = data.monkeyci_org.acme.name
    url     = data.monkeyci_repo.web.url
    team    = data.monkeyci_repo.web.labels.team
    names   = data.monkeyci_repos.all.names
    shop    = data.monkeyci_repos.shop.ids
    builds  = length(data.monkeyci_builds.web.builds)
    admin   = data.monkeyci_current_user.me.admin
    version = data.monkeyci_server.this.version
    build   = provider::monkeyci::build_ref_parse("acme/web#482")
    seconds = provider::monkeyci::duration_parse("1h30m")
    match   = provider::monkeyci::label_match([{ team = "shop" }], data.monkeyci_repo.web.labels)
  })
}
"#,
    );
    w.apply();
    let said: serde_json::Value = serde_json::from_str(&w.succeeds(&["output", "-raw", "all"])).expect("JSON");
    let version = env!("CARGO_PKG_VERSION");
    let expected = serde_json::json!({
        "org": "Acme", "url": "https://git.example.com/acme/web.git", "team": "shop", "names": ["lib", "web"],
        "shop": { "web": "acme/web" }, "builds": 0, "admin": true, "version": version,
        "build": { "org": "acme", "repo": "web", "number": 482 }, "seconds": 5400, "match": true,
    });
    assert_eq!(said, expected);

    w.write("main.tf", "output \"build\" {\n  value = provider::monkeyci::build_ref_parse(\"acme/web\")\n}\n");
    assert!(w.fails(&["plan"]).contains("a build is called as `acme/web#482`"));
    w.write("main.tf", "data \"monkeyci_repo\" \"gone\" {\n  name = \"gone\"\n}\n");
    assert!(w.fails(&["plan"]).contains("The repository is not there"));
}

#[test]
fn a_token_is_good_for_one_run_and_is_in_no_file() {
    let Some(w) = Workspace::with_program().map(furnished) else { return };
    // A second provider asks with the token, as a program that is given it would.
    w.write(
        "main.tf",
        r#"
ephemeral "monkeyci_token" "reader" {
  service_account = "acme/sa/reader"
  minutes         = 5
}
ephemeral "monkeyci_token" "own" {
  org  = "acme"
  role = "viewer"
}
ephemeral "monkeyci_secret" "drawn" {}
provider "monkeyci" {
  alias = "reader"
  url   = data.monkeyci_server.this.url
  token = ephemeral.monkeyci_token.reader.secret
}
data "monkeyci_server" "this" {}
data "monkeyci_current_user" "reader" {
  provider = monkeyci.reader
}
resource "monkeyci_param" "drawn" {
  scope            = "acme"
  name             = "DRAWN"
  value_wo         = ephemeral.monkeyci_secret.drawn.value
  value_wo_version = 1
}
output "reader" {
  value = data.monkeyci_current_user.reader.name
}
"#,
    );
    w.apply();
    assert_eq!(w.succeeds(&["output", "-raw", "reader"]), "acme/reader");
    w.holds_no("mci_");
    let left = w.ask(w.client.org("acme").service_account("reader").tokens().all());
    assert!(left.is_empty(), "{left:?}");
    let own = w.ask(w.client.tokens().all());
    assert!(own.iter().all(|token| token.description != "Terraform"), "{own:?}");
    assert!(w.ask(w.client.org("acme").param("DRAWN").get()).secret);

    w.write("main.tf", "ephemeral \"monkeyci_token\" \"x\" {\n  service_account = \"acme/sa/gone\"\n}\n");
    assert!(w.fails(&["plan"]).contains("The token is not there"));
    let gone = w.try_ask(w.client.org("acme").service_account("gone").get());
    assert!(matches!(gone, Err(ClientError::NotFound(_))));
}
