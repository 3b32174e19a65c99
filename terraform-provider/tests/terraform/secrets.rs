//! Secrets go in, and are in no plan and no state.

use monkeyci_client::rest::ParamBody;

use crate::workspace::{SECRET, Workspace};

const SECRETS: &str = r#"
variable "secret" {
  ephemeral = true
}

resource "monkeyci_org" "acme" {
  slug                = "acme"
  deletion_protection = false
}

resource "monkeyci_repo" "web" {
  org  = monkeyci_org.acme.id
  name = "web"
  url  = "https://git.example.com/acme/web.git"
}

resource "monkeyci_param" "key" {
  scope            = monkeyci_repo.web.id
  name             = "API_KEY"
  value_wo         = var.secret
  value_wo_version = 1
}

resource "monkeyci_webhook" "gitea" {
  repo              = monkeyci_repo.web.id
  forge             = "gitea"
  secret_wo         = var.secret
  secret_wo_version = 1
}
"#;

#[test]
fn a_secret_is_written_by_its_version_and_repaired() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", SECRETS);
    w.apply();
    w.is_settled();
    w.holds_no(SECRET);
    w.holds_no(&w.server.token);
    let key = w.client.org("acme").repo("web").param("API_KEY");
    let first = w.ask(key.get());
    assert!(first.secret && first.value.is_none());

    // Another description leaves the secret alone.
    w.write("main.tf", &SECRETS.replace("\"API_KEY\"", "\"API_KEY\"\n  description = \"Opens it\""));
    w.apply();
    assert_eq!(w.ask(key.get()).version, first.version);

    // Somebody writes another one: its digest tells, and it is written again.
    w.ask(key.put(&ParamBody { value: Some("another".into()), secret: true, description: None }));
    assert!(w.is_unsettled().contains("value_wo_version"));
    w.apply();
    assert_eq!(w.ask(key.get()).fingerprint, first.fingerprint);
    w.is_settled();

    // A version counted up is written. A webhook of another secret is where it was, and knows the former one for a while.
    let hook = w.client.org("acme").repo("web").hook("gitea");
    let (url, other) = (w.ask(hook.get()).url, "another secret for the forge");
    w.ask(hook.rotate_to(other));
    w.write("main.tf", &SECRETS.replace("_version = 1", "_version = 2"));
    let said = w.apply();
    assert!(said.contains("0 added, 2 changed, 0 destroyed"), "{said}");
    let there = w.ask(hook.get());
    assert!(there.url == url && there.rotating, "{there:?}");
    assert_eq!(w.ask(hook.rotate_to(SECRET)).hook, there, "it has this secret");
    w.is_settled();

    // What was secret and is shown from now on.
    let plain = "value = \"shown\"";
    w.write("main.tf", &SECRETS.replacen("value_wo         = var.secret\n  value_wo_version = 1", plain, 1));
    w.apply();
    assert_eq!(w.ask(key.get()).value.as_deref(), Some("shown"));
    w.is_settled();
}

const SIGNED: &str = r#"
resource "monkeyci_org" "acme" {
  slug = "acme"
}

resource "monkeyci_subscription" "deploys" {
  org  = monkeyci_org.acme.id
  name = "deploys"
  to = { webhook = {
    url               = "https://hooks.example.com/ci"
    secret_wo         = "whsec_${base64encode(var.secret)}"
    secret_wo_version = 1
  } }
}

variable "secret" {
  ephemeral = true
}
"#;

#[test]
fn what_a_server_is_told_is_signed_with_the_secret_that_it_was_given() {
    let Some(w) = Workspace::new() else { return };
    // "open-sesame-and-nothing-else" as the server is told it.
    let signed = "whsec_b3Blbi1zZXNhbWUtYW5kLW5vdGhpbmctZWxzZQ==";
    w.write("main.tf", SIGNED);
    w.apply();
    w.is_settled();
    w.holds_no(SECRET);
    w.holds_no(signed);
    let deploys = w.client.org("acme").subscription("deploys");
    let revision = w.ask(deploys.get()).revision;
    assert_eq!(w.ask(deploys.rotate_to(signed)).revision, revision, "it has this secret");

    // Another address leaves the secret alone, and another version writes it.
    w.write("main.tf", &SIGNED.replace("/ci\"", "/builds\""));
    w.apply();
    assert_eq!(w.ask(deploys.get()).revision, revision + 1);
    w.ask(deploys.rotate());
    w.write("main.tf", &SIGNED.replace("version = 1", "version = 2"));
    assert!(w.apply().contains("1 changed"));
    w.is_settled();
    let revision = w.ask(deploys.get()).revision;
    assert_eq!(w.ask(deploys.rotate_to(signed)).revision, revision);
    w.write("main.tf", &SIGNED.replace("whsec_${base64encode(var.secret)}", "${var.secret}").replace("n = 1", "n = 3"));
    let said = w.fails(&["apply", "-auto-approve"]);
    assert!(said.contains("`to.webhook.secret_wo`: A secret is `whsec_`"), "{said}");
}

#[test]
fn a_secret_needs_a_version_and_excludes_a_value() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", &SECRETS.replacen("  value_wo_version = 1\n", "", 1));
    assert!(w.fails(&["plan"]).contains("`value_wo` needs `value_wo_version`"));
    w.write("main.tf", &SECRETS.replacen("value_wo_version = 1\n", "value_wo_version = 1\n  value = \"x\"\n", 1));
    assert!(w.fails(&["plan"]).contains("Only one of `value`, `value_wo`"));
}
