//! Credentials: of registries, and tokens that the caller has drawn.

use monkeyci_client::Client;
use monkeyci_client::rest::RegistryCredentialBody;

use crate::workspace::{SECRET, Workspace};

const REGISTRY: &str = r#"
variable "secret" {
  ephemeral = true
}

resource "monkeyci_org" "acme" {
  slug                = "acme"
  deletion_protection = false
}

resource "monkeyci_registry_credential" "ghcr" {
  org                 = monkeyci_org.acme.id
  name                = "ghcr"
  host                = "ghcr.io"
  username            = "acme-bot"
  password_wo         = var.secret
  password_wo_version = 1
  label_filters       = [{ team = "shop" }]
}
"#;

#[test]
fn a_password_of_a_registry_is_written_by_its_version_and_repaired() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", REGISTRY);
    w.apply();
    w.is_settled();
    w.holds_no(SECRET);
    let ghcr = w.client.org("acme").registry_credential("ghcr");
    let first = w.ask(ghcr.get());
    assert_eq!((first.host.as_str(), first.username.as_str(), first.version), ("ghcr.io", "acme-bot", 1));

    // Another user leaves the password alone; another host needs it.
    w.write("main.tf", &REGISTRY.replace("acme-bot", "acme-ci"));
    w.apply();
    assert_eq!(w.ask(ghcr.get()).version, 1);
    w.write("main.tf", &REGISTRY.replace("ghcr.io", "registry.example.com:5000"));
    w.apply();
    assert_eq!((w.ask(ghcr.get()).host.as_str(), w.ask(ghcr.get()).version), ("registry.example.com:5000", 2));
    w.write("main.tf", REGISTRY);
    w.apply();
    w.is_settled();

    // Somebody writes another password: it is written again. Somebody removes them: they are made again.
    let body = RegistryCredentialBody {
        host: "ghcr.io".into(),
        username: "acme-bot".into(),
        password: Some("another".into()),
        label_filters: w.ask(ghcr.get()).label_filters,
        description: None,
    };
    w.ask(ghcr.put(&body));
    assert!(w.is_unsettled().contains("password_wo_version"));
    w.apply();
    assert_eq!(w.ask(ghcr.get()).fingerprint, first.fingerprint);
    w.ask(ghcr.delete());
    assert!(w.apply().contains("1 added"));
    w.is_settled();

    let kept = REGISTRY.replace("  deletion_protection = false\n", "");
    let without = kept.replace("  password_wo         = var.secret\n  password_wo_version = 1\n", "");
    w.write("main.tf", &without);
    w.imports(&[("monkeyci_org.acme", "acme"), ("monkeyci_registry_credential.ghcr", "acme/registry/ghcr")]);
    for (right, wrong, line, said) in [
        ("\"ghcr.io\"", "\"https://ghcr.io\"", "host ", "registry.example.com:5000"),
        ("\"acme-bot\"", "\"\"", "username ", "1 to 200 bytes"),
        ("{ team = \"shop\" }", "{}", "label_filters ", "without labels"),
    ] {
        w.write("main.tf", &REGISTRY.replace(right, wrong));
        w.is_told(line, said);
    }
}

const TOKEN: &str = r#"
variable "secret" {
  ephemeral = true
}

resource "monkeyci_org" "acme" {
  slug = "acme"
}

resource "monkeyci_service_account" "deployer" {
  org  = monkeyci_org.acme.id
  name = "deployer"
  role = "developer"
}

resource "monkeyci_api_token" "deploy" {
  service_account   = monkeyci_service_account.deployer.id
  description       = "deploys"
  role              = "viewer"
  days              = 30
  secret_wo         = "mci_${var.secret}-of-version-1"
  secret_wo_version = 1
}
"#;

#[test]
fn a_token_is_known_by_what_the_caller_drew_and_that_is_nowhere() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", TOKEN);
    w.apply();
    w.is_settled();
    w.holds_no(SECRET);
    let tokens = || w.ask(w.client.org("acme").service_account("deployer").tokens().all());
    let made = tokens().pop().expect("a token");
    assert_eq!(made.description, "deploys");
    let with = |secret: &str| Client::new(&w.server.url, Some(secret)).expect("a client");
    let secret = format!("mci_{SECRET}-of-version-");
    assert_eq!(w.ask(with(&format!("{secret}1")).me()).name, "acme/deployer");

    let second = TOKEN.replace("version-1", "version-2").replace("secret_wo_version = 1", "secret_wo_version = 2");
    w.write("main.tf", &second);
    assert!(w.apply().contains("1 added, 0 changed, 1 destroyed"));
    assert_eq!(w.ask(with(&format!("{secret}2")).me()).name, "acme/deployer");
    let gone = w.try_ask(with(&format!("{secret}1")).me());
    assert_eq!(gone.err().and_then(|error| error.status()), Some(401));

    // Somebody revokes it, and it is made again.
    let id = tokens().pop().expect("a token").id;
    w.ask(w.client.org("acme").service_account("deployer").token(&id).revoke());
    assert!(w.apply().contains("1 added"));
    w.is_settled();
    let id = tokens().pop().expect("a token").id;
    w.write(
        "main.tf",
        &second.replace("  secret_wo         = \"mci_${var.secret}-of-version-2\"\n  secret_wo_version = 2\n", ""),
    );
    w.imports(&[
        ("monkeyci_org.acme", "acme"),
        ("monkeyci_service_account.deployer", "acme/sa/deployer"),
        ("monkeyci_api_token.deploy", &format!("acme/sa/deployer/token/{id}")),
    ]);
    w.write("main.tf", &TOKEN.replace("\"viewer\"", "\"boss\""));
    assert!(w.complaints().iter().any(|(at, _)| at.starts_with("role ")));
    let short = TOKEN.replace("mci_${var.secret}-of-version-1", "short").replace("= 30", "= 31");
    w.write("main.tf", &short);
    assert!(w.fails(&["apply", "-auto-approve"]).contains("drawn by lot"));
}
