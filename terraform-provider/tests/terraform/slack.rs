//! What is set up for the Slack app.

use monkeyci_client::Client;
use monkeyci_client::rest::{NewMember, Recipient, Role, SlackWorkspaceBody, SubscriptionBody};
use serde_json::{Value, json};

use crate::workspace::Workspace;

/// A body of the API.
fn body<B: serde::de::DeserializeOwned>(json: Value) -> B {
    serde_json::from_value(json).expect("a body")
}

/// Has an integration tell of a workspace of Slack, and an owner who somebody is there.
pub(crate) fn told(w: &Workspace, id: &str) {
    let acme = w.client.org("acme");
    let account = acme.service_account("slack");
    w.ask(account.put(&body(json!({ "role": "viewer", "integration": true }))));
    let token = w.ask(account.make_token(&body(json!({ "description": "the app" }))));
    let app = Client::new(&w.server.url, Some(&token.secret)).expect("a client");
    let channels =
        json!([{ "name": "builds", "id": "C0123ABCD" }, { "name": "ops", "id": "G0123ABCD", "private": true }]);
    let workspace: SlackWorkspaceBody = body(json!({ "name": "Acme", "bot": "U0001", "channels": channels }));
    w.ask(app.org("acme").slack_workspace(id).put(&workspace));
    w.ask(acme.member("ada").put(&NewMember { role: Role::Developer }));
    w.ask(acme.chat_identity("slack", &format!("{id}/U0789")).put(&body(json!({ "person": "ada", "name": "Ada" }))));
}

const LOOKED_UP: &str = r##"
data "monkeyci_slack_workspace" "acme" {}
data "monkeyci_slack_channel" "ops" { name = "#ops" }
data "monkeyci_slack_user" "ada" { person = "ada" }
output "all" {
  value = jsonencode({
    workspace = data.monkeyci_slack_workspace.acme
    channel   = data.monkeyci_slack_channel.ops
    user      = data.monkeyci_slack_user.ada
  })
}
"##;

#[test]
fn what_the_app_tells_of_slack_is_looked_up_and_what_it_does_not_is_said() {
    let Some(w) = Workspace::new() else { return };
    w.ask(w.client.org("acme").put(&Default::default()));
    w.write("main.tf", "data \"monkeyci_slack_workspace\" \"acme\" {}\n");
    assert!(w.fails(&["plan"]).contains("The Slack app is in no such workspace"));
    told(&w, "T0123");
    w.write("main.tf", LOOKED_UP);
    w.apply();
    let said: Value = serde_json::from_str(&w.succeeds(&["output", "-raw", "all"])).expect("JSON");
    let channels = json!({ "builds": "C0123ABCD", "ops": "G0123ABCD" });
    let workspace = json!({ "org": "acme", "id": "T0123", "name": "Acme", "bot": "U0001", "integration": "slack", "channels": channels });
    assert_eq!(said["workspace"], workspace);
    let channel = json!({ "org": "acme", "workspace": "T0123", "name": "#ops", "id": "G0123ABCD", "private": true });
    assert_eq!(said["channel"], channel);
    let user = json!({ "org": "acme", "person": "ada", "workspace": "T0123", "id": "U0789", "name": "Ada" });
    assert_eq!(said["user"], user);
    for (text, told) in [
        ("data \"monkeyci_slack_channel\" \"x\" {\n  name = \"gone\"\n}\n", "in no channel #gone of Acme"),
        ("data \"monkeyci_slack_user\" \"x\" {\n  person = \"bob\"\n}\n", "nobody in Slack"),
        ("data \"monkeyci_slack_workspace\" \"x\" {\n  id = \"T9\"\n}\n", "in no such workspace"),
    ] {
        w.write("main.tf", text);
        let said = w.fails(&["plan"]);
        // Terraform breaks lines where it likes.
        assert!(said.split_whitespace().collect::<Vec<_>>().join(" ").contains(told), "{text}: {said}");
    }
    told(&w, "T0456");
    w.write("main.tf", "data \"monkeyci_slack_workspace\" \"acme\" {}\n");
    assert!(w.fails(&["plan"]).contains("There are several workspaces"));
}

const SLACK: &str = r##"
resource "monkeyci_org" "acme" {
  slug = "acme"
}

resource "monkeyci_slack_subscription" "shop" {
  org       = monkeyci_org.acme.id
  name      = "shop"
  workspace = "T0123"
  channel   = "#shop-ci"
  repos     = ["web"]
  refs      = ["main"]
  jobs      = ["deploy-*"]
  actors    = ["!dependabot*"]
  events    = ["push", "schedule"]
  on        = ["failed", "recovered"]
  style = {
    thread      = "on-failure"
    mention     = "author"
    quiet_hours = { from = "20:00", to = "08:00", timezone = "Europe/Brussels" }
    digest      = { cron = "0 9 * * 1-5" }
  }
}

resource "monkeyci_slack_subscription" "plain" {
  org       = monkeyci_org.acme.id
  name      = "plain"
  workspace = "T0123"
  channel   = "C0456"
}

resource "monkeyci_subscription" "hook" {
  org    = monkeyci_org.acme.id
  name   = "hook"
  to     = { webhook = { url = "https://hooks.example.com/ci" } }
  events = ["tag"]
}

resource "monkeyci_slack_user_link" "me" {
  org       = monkeyci_org.acme.id
  workspace = "T0123"
  user      = "U0789"
  person    = "bob"
}
"##;

#[test]
fn channels_and_users_of_slack_are_set_up_changed_repaired_and_imported() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", "resource \"monkeyci_org\" \"acme\" {\n  slug = \"acme\"\n}\n");
    w.apply();
    w.ask(w.client.org("acme").member("bob").put(&NewMember { role: Role::Developer }));
    w.write("main.tf", SLACK);
    assert!(w.apply().contains("4 added"));
    w.is_settled();
    let acme = w.client.org("acme");
    let shop = w.ask(acme.subscription("shop").get());
    let Recipient::Slack { channel, style, .. } = &shop.body.to else { panic!("{shop:?}") };
    assert_eq!((channel.as_str(), style.mention.as_str(), style.log_lines), ("#shop-ci", "author", 20));
    let link = acme.chat_identity("slack", "T0123/U0789");
    assert_eq!(w.ask(link.get()).person, "bob");

    let changed = SLACK
        .replace("    thread      = \"on-failure\"\n", "    message     = \"plan\"\n    thread      = \"always\"\n")
        .replace("\"push\", \"schedule\"", "\"push\"")
        .replace("\"C0456\"", "\"C0456\"\n  paused    = true")
        .replace("[\"tag\"]", "[\"manual\"]")
        .replace("\"bob\"", "\"bob\"\n  name      = \"Bob\"");
    w.write("main.tf", &changed);
    assert!(w.apply().contains("0 added, 4 changed, 0 destroyed"));
    w.is_settled();
    w.write("main.tf", SLACK);
    w.apply();

    // Somebody turns one to another recipient, changes another's style, and removes the link.
    let webhook = Recipient::Webhook { url: "https://hooks.example.com/ci".into() };
    let body = w.ask(acme.subscription("plain").get()).body;
    w.ask(acme.subscription("plain").put(&SubscriptionBody { to: webhook, ..body }));
    let quiet = SubscriptionBody { paused: true, ..shop.body };
    w.ask(acme.subscription("shop").put(&quiet));
    w.ask(link.delete());
    let said = w.apply();
    assert!(said.contains("1 added, 2 changed, 0 destroyed"), "{said}");
    w.is_settled();
    w.imports(&[
        ("monkeyci_org.acme", "acme"),
        ("monkeyci_slack_subscription.shop", "acme/subscription/shop"),
        ("monkeyci_slack_subscription.plain", "acme/subscription/plain"),
        ("monkeyci_subscription.hook", "acme/subscription/hook"),
        ("monkeyci_slack_user_link.me", "acme/slack/T0123/U0789"),
    ]);
    // What the other resource looks after is not taken for one without a recipient.
    let mistaken = [("slack_subscription", "subscription", "shop"), ("subscription", "slack_subscription", "hook")];
    for (right, wrong, name) in mistaken {
        w.write("main.tf", &format!("import {{\n  to = monkeyci_{wrong}.x\n  id = \"acme/subscription/{name}\"\n}}\n"));
        let said = w.fails(&["plan", "-generate-config-out=x.tf"]);
        assert!(said.contains(&format!("`monkeyci_{right}`")), "{said}");
    }
    // To say what is so anyway changes nothing of what was imported.
    let usual = "\"C0456\"\n  on        = [\"failed\", \"recovered\", \"waiting\"]\n  style     = {}";
    w.write("main.tf", &SLACK.replace("\"C0456\"", usual));
    w.is_settled();

    for (right, wrong, line, said) in [
        ("\"#shop-ci\"", "\"shop\"", "channel ", "`#builds`"),
        ("\"T0123\"\n  channel   = \"#", "\"acme\"\n  channel   = \"#", "workspace", "id of a workspace"),
        ("\"20:00\"", "\"8 pm\"", "style = {", "`style.quiet_hours.from`"),
        ("\"0 9 * * 1-5\"", "\"9\"", "style = {", "`style.digest.cron`"),
        ("\"push\", \"schedule\"", "\"pushed\"", "events ", "`push`"),
    ] {
        let text = SLACK.replace(right, wrong);
        assert_ne!(text, SLACK, "{right}");
        w.write("main.tf", &text);
        w.is_told(line, said);
    }
    w.write("main.tf", &SLACK.replace("\"bob\"", "\"nobody\""));
    assert!(w.fails(&["apply", "-auto-approve"]).contains("does not belong to"));
}
