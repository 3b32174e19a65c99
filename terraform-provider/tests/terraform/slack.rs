//! What is set up for the Slack app.

use monkeyci_client::rest::{NewMember, Recipient, Role, SubscriptionBody};

use crate::workspace::Workspace;

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
