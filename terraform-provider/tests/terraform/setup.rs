//! Everything that can be set up, at once.

use monkeyci_client::model::RepoId;
use monkeyci_client::rest::{Moment, Recipient, Role, SubscriptionBody};

use crate::workspace::Workspace;

const EVERYTHING: &str = r#"
resource "monkeyci_org" "acme" {
  slug                = "acme"
  deletion_protection = false
}

resource "monkeyci_repo" "lib" {
  org  = monkeyci_org.acme.id
  name = "lib"
  url  = "https://git.example.com/acme/lib.git"
}

resource "monkeyci_repo" "web" {
  org    = monkeyci_org.acme.id
  name   = "web"
  url    = "https://git.example.com/acme/web.git"
  labels = { team = "shop" }
}

resource "monkeyci_param" "level" {
  scope = monkeyci_org.acme.id
  name  = "LEVEL"
  value = "info"
}

resource "monkeyci_param" "region" {
  for_each = {
    repo = monkeyci_repo.web.id
    set  = monkeyci_param_set.shop.id
    env  = monkeyci_environment.prod.id
  }
  scope       = each.value
  name        = "REGION"
  value       = each.key
  description = "Where it runs"
}

resource "monkeyci_param_set" "shop" {
  org           = monkeyci_org.acme.id
  name          = "shop"
  label_filters = [{ team = "shop" }]
}

resource "monkeyci_schedule" "nightly" {
  repo     = monkeyci_repo.web.id
  name     = "nightly"
  cron     = "0 3 * * *"
  timezone = "Europe/Brussels"
  params   = { FULL = "1" }
}

resource "monkeyci_trigger" "after_lib" {
  repo        = monkeyci_repo.web.id
  name        = "after-lib"
  source      = monkeyci_repo.lib.id
  refs        = ["main", "release/*"]
  pass_params = ["VERSION"]
}

resource "monkeyci_environment" "prod" {
  repo          = monkeyci_repo.web.id
  name          = "prod"
  approver_role = "maintainer"
  prevent_self  = true
  refs          = ["main"]
}

resource "monkeyci_service_account" "deployer" {
  org         = monkeyci_org.acme.id
  name        = "deployer"
  role        = "developer"
  description = "Deploys"
}

resource "monkeyci_ssh_key" "deploy" {
  org           = monkeyci_org.acme.id
  name          = "deploy"
  label_filters = [{ team = "shop" }]
}

resource "monkeyci_subscription" "deploys" {
  org   = monkeyci_org.acme.id
  name  = "deploys"
  to    = { webhook = { url = "https://hooks.example.com/ci" } }
  repos = ["web"]
  on    = ["succeeded", "failed", "still-failing"]
}

resource "monkeyci_webhook" "gitea" {
  repo  = monkeyci_repo.web.id
  forge = "gitea"
}

resource "monkeyci_pipeline" "main" {
  org  = monkeyci_org.acme.id
  name = "main"
  repo = monkeyci_repo.web.id
  jobs = {
    test = {
      image  = "docker.io/rust:1.95"
      script = ["cargo test"]
      caches = [{ id = "cargo", path = ".cargo", fallbacks = [""] }]
      retry  = { max = 1, on = ["lost"] }
      cpus   = 1.5
      if     = { not = { branch = ["wip/*"] } }
    }
    deploy = {
      image        = "docker.io/alpine:3"
      script       = ["./deploy"]
      dependencies = ["test"]
      environment  = monkeyci_environment.prod.name
      id_tokens    = { CLOUD_TOKEN = { audience = ["sts.example.com"] } }
      if           = { branch = ["main"], event = ["push", "manual"] }
      services     = { db = { image = "docker.io/postgres:18", ports = [5432] } }
    }
  }
}
"#;

/// Each resource with its path.
const PATHS: [(&str, &str); 16] = [
    ("monkeyci_org.acme", "acme"),
    ("monkeyci_repo.lib", "acme/lib"),
    ("monkeyci_repo.web", "acme/web"),
    ("monkeyci_param.level", "acme/param/LEVEL"),
    ("monkeyci_param.region[\"repo\"]", "acme/web/param/REGION"),
    ("monkeyci_param.region[\"set\"]", "acme/param-set/shop/param/REGION"),
    ("monkeyci_param.region[\"env\"]", "acme/web/env/prod/param/REGION"),
    ("monkeyci_param_set.shop", "acme/param-set/shop"),
    ("monkeyci_schedule.nightly", "acme/web/schedule/nightly"),
    ("monkeyci_trigger.after_lib", "acme/web/trigger/after-lib"),
    ("monkeyci_environment.prod", "acme/web/env/prod"),
    ("monkeyci_service_account.deployer", "acme/sa/deployer"),
    ("monkeyci_ssh_key.deploy", "acme/ssh-key/deploy"),
    ("monkeyci_subscription.deploys", "acme/subscription/deploys"),
    ("monkeyci_webhook.gitea", "acme/web/webhook/gitea"),
    ("monkeyci_pipeline.main", "acme/pipeline/main"),
];

#[test]
fn everything_is_made_and_a_second_plan_has_nothing_to_do() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", EVERYTHING);
    assert!(w.apply().contains("16 added"));
    w.is_settled();
    let acme = w.client.org("acme");
    let script = w.ask(acme.pipeline("main").get()).body.script;
    assert_eq!(script["jobs"]["deploy"]["dependencies"][0], "test");
    assert_eq!(script["jobs"]["deploy"]["id_tokens"]["CLOUD_TOKEN"]["audience"][0], "sts.example.com");
    assert!(w.ask(acme.repo("web").environment("prod").get()).body.prevent_self);
    let trigger = w.ask(acme.repo("web").trigger("after-lib").get()).body;
    assert_eq!(trigger.repo, RepoId::new("lib").expect("an id"));
    let on = w.ask(acme.subscription("deploys").get()).body.on;
    assert_eq!(on, [Moment::Failed, Moment::StillFailing, Moment::Succeeded].into());

    let protected = EVERYTHING.replace("  deletion_protection = false\n", "");
    w.write("main.tf", &protected);
    w.imports(&PATHS);
    w.write("main.tf", EVERYTHING);
    w.apply();
    assert!(w.succeeds(&["destroy", "-auto-approve"]).contains("16 destroyed"));
}

#[test]
fn many_objects_are_read_at_once() {
    let Some(w) = Workspace::new() else { return };
    let many = "resource \"monkeyci_param\" \"many\" {\n  count = 100\n  scope = monkeyci_repo.web.id\n  name  = \"P${count.index}\"\n  \
                value = count.index\n}\n";
    w.write("main.tf", &format!("{EVERYTHING}{many}"));
    w.apply();
    let before = w.requests();
    w.is_settled();
    let asked = w.requests() - before;
    assert!(asked <= 6, "{asked} requests");

    // What is changed by hand is seen as well.
    w.ask(w.client.org("acme").repo("web").param("P7").delete());
    assert!(w.apply().contains("1 added, 0 changed, 0 destroyed"));
    w.is_settled();
}

#[test]
fn each_is_changed_in_its_place() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", EVERYTHING);
    w.apply();
    let changed = EVERYTHING
        .replace("  slug                = \"acme\"", "  slug = \"acme\"\n  name = \"Acme\"")
        .replace("acme/web.git\"\n", "acme/web.git\"\n  cancel_superseded = true\n")
        .replace("acme/lib.git\"\n", "acme/lib.git\"\n  visibility = \"public\"\n")
        .replace("Where it runs", "Where")
        .replace("\"info\"", "\"debug\"")
        .replace("  label_filters = [{ team = \"shop\" }]\n", "")
        .replace("0 3 * * *", "30 4 * * 1-5")
        .replace("[\"main\", \"release/*\"]", "[\"refs/tags/*\"]\n  statuses = [\"failure\", \"error\"]")
        .replace("approver_role = \"maintainer\"\n  prevent_self  = true", "exclusive = false")
        .replace("\"developer\"", "\"maintainer\"")
        .replace("hooks.example.com/ci", "hooks.example.com/builds")
        .replace("cargo test\"", "cargo test --workspace\"");
    w.write("main.tf", &changed);
    let said = w.apply();
    // The webhook has nothing that can be changed; the params of the set and of the environment have a description.
    assert!(said.contains("0 added, 15 changed, 0 destroyed"), "{said}");
    w.is_settled();
    let acme = w.client.org("acme");
    assert_eq!(w.ask(acme.service_account("deployer").get()).body.role, Role::Maintainer);
    assert!(w.ask(acme.param_set("shop").get()).body.label_filters.is_empty());
    assert_eq!(w.ask(acme.repo("web").schedule("nightly").get()).body.cron, "30 4 * * 1-5");
}

#[test]
fn what_somebody_removes_is_made_again_and_what_they_change_is_changed_back() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", EVERYTHING);
    w.apply();
    let acme = w.client.org("acme");
    let web = acme.repo("web");
    w.ask(acme.param("LEVEL").delete());
    w.ask(acme.param_set("shop").delete());
    w.ask(acme.pipeline("main").delete());
    w.ask(acme.service_account("deployer").delete());
    w.ask(acme.ssh_key("deploy").delete());
    w.ask(acme.subscription("deploys").delete());
    w.ask(web.schedule("nightly").delete());
    w.ask(web.trigger("after-lib").delete());
    w.ask(web.environment("prod").delete());
    w.ask(web.hook("gitea").delete());
    // The set and the environment took their params with them.
    let said = w.apply();
    assert!(said.contains("12 added, 0 changed, 0 destroyed"), "{said}");
    w.is_settled();

    let body = w.ask(acme.subscription("deploys").get()).body;
    let to = Recipient::Chat { integration: "slack".into(), place: "T1/C1".into() };
    let put = w.try_ask(acme.subscription("deploys").put(&SubscriptionBody { to, ..body }));
    let pipeline = w.ask(acme.pipeline("main").get()).body;
    let script = serde_json::json!([{ "id": "other", "script": ["true"] }]);
    w.ask(acme.pipeline("main").put(&monkeyci_client::rest::PipelineBody { script, ..pipeline }));
    let schedule = w.ask(web.schedule("nightly").get()).body;
    w.ask(web.schedule("nightly").put(&monkeyci_client::rest::ScheduleBody { enabled: false, ..schedule }));
    let said = w.apply();
    assert!(said.contains(if put.is_ok() { "3 changed" } else { "2 changed" }), "{said}");
    w.is_settled();
}

#[test]
fn what_the_server_would_refuse_stands_at_its_line_in_the_plan() {
    let Some(w) = Workspace::new() else { return };
    for (right, wrong, line, said) in [
        ("0 3 * * *", "0 30 * * *", "cron = \"0 30 * * *\"", "30"),
        ("Europe/Brussels", "Europe/Nowhere", "timezone = \"Europe/Nowhere\"", "Nowhere"),
        ("[\"test\"]", "[\"tset\"]", "deploy = {", "The job \"deploy\" depends on \"tset\""),
        ("retry  = { max", "timeout = \"long\"\n      retry  = { max", "test = {", "`jobs[\"test\"].timeout`"),
        ("refs          = [\"main\"]", "refs = [\"[\"]", "refs = [\"[\"]", "glob"),
        ("monkeyci_repo.lib.id\n", "\"other/lib\"\n", "source = \"other/lib\"", "\"other\""),
        ("https://hooks.example.com", "ftp://hooks.example.com", "to = { webhook = { url = \"ftp:", "`to.webhook.url`"),
        ("role        = \"developer\"", "role = \"boss\"", "role = \"boss\"", "`developer`"),
    ] {
        let text = EVERYTHING.replace(right, wrong);
        assert_ne!(text, EVERYTHING, "{right}");
        w.write("main.tf", &text);
        w.is_told(line, said);
    }
}

#[test]
fn members_come_and_go() {
    let Some(w) = Workspace::new() else { return };
    let me = w.ask(w.client.me()).name;
    let text = format!(
        "resource \"monkeyci_org\" \"acme\" {{\n  slug = \"acme\"\n}}\nresource \"monkeyci_org_member\" \"me\" {{\n  org = monkeyci_org.acme.id\n  name = \"{me}\"\n  role = \"owner\"\n}}\n"
    );
    w.write("main.tf", &text);
    w.apply();
    w.is_settled();
    w.imports(&[("monkeyci_org.acme", "acme"), ("monkeyci_org_member.me", &format!("acme/{me}"))]);
    w.write("main.tf", &text.replace("\"owner\"", "\"viewer\""));
    assert!(w.fails(&["apply", "-auto-approve"]).contains("An organisation has at least one owner"));

    let (alone, _) = text.split_once("resource \"monkeyci_org_member\"").expect("it is there");
    w.write("main.tf", alone);
    let said = w.fails(&["apply", "-auto-approve"]);
    assert!(said.contains("The last owner of an organisation stays") && said.contains("terraform state rm"), "{said}");

    let bob =
        "resource \"monkeyci_org_member\" \"bob\" {\n  org = \"acme\"\n  name = \"bob\"\n  role = \"viewer\"\n}\n";
    w.write("main.tf", &format!("{text}{bob}"));
    w.apply();
    w.write("main.tf", &format!("{text}{bob}").replace("\"viewer\"", "\"developer\""));
    assert!(w.apply().contains("1 changed"));
    w.ask(w.client.org("acme").member("bob").delete());
    assert!(w.apply().contains("1 added"));
    w.write("main.tf", &text);
    assert!(w.apply().contains("1 destroyed"));
    w.is_settled();
}
