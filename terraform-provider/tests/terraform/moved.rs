//! What other CI systems' providers had becomes ours, and nothing is destroyed.

use monkeyci_client::rest::{OrgBody, ScheduleBody};
use serde_json::{Value, json};

use crate::workspace::{SECRET, Workspace};

/// Providers whose resources are moved. In their place stands our own, which is asked for nothing but to be there: a state
/// names them as long as it has not moved.
const OTHERS: [&str; 5] = [
    "registry.terraform.io/mavimo/drone",
    "registry.terraform.io/kichiyaki/woodpecker",
    "registry.terraform.io/buildkite/buildkite",
    "registry.terraform.io/integrations/github",
    "registry.terraform.io/kelvintaywl/circleci",
];

/// The one that every Terraform has.
const BUILTIN: &str = "terraform.io/builtin/terraform";

/// A state as Terraform writes it, with one object of each of these types.
fn state(objects: &[(&str, &str, Value)]) -> String {
    let resource = |(kind, name, attributes): &(&str, &str, Value)| {
        let provider =
            OTHERS.iter().chain([&BUILTIN]).find(|other| other.ends_with(kind.split('_').next().unwrap_or_default()));
        json!({
            "mode": "managed", "type": kind, "name": name, "provider": format!("provider[\"{}\"]", provider.expect("known")),
            "instances": [{ "schema_version": 0, "attributes": attributes, "sensitive_attributes": [], "dependencies": [] }],
        })
    };
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "7d0aef0a-5a36-5d50-8ee8-ba4c0d1d0f2c", "outputs": {},
        "resources": objects.iter().map(resource).collect::<Vec<_>>(), "check_results": null,
    })
    .to_string()
}

const ORG: &str = "resource \"monkeyci_org\" \"acme\" {\n  slug = \"acme\"\n}\n";

const MOVED: &str = r#"
moved {
  from = drone_repo.web
  to   = monkeyci_repo.web
}
resource "monkeyci_repo" "web" {
  name = "web"
  url  = "https://git.example.com/acme/web.git"
}

moved {
  from = drone_cron.nightly
  to   = monkeyci_schedule.nightly
}
resource "monkeyci_schedule" "nightly" {
  repo   = monkeyci_repo.web.id
  name   = "nightly"
  cron   = "@daily"
  branch = "main"
}

moved {
  from = drone_secret.token
  to   = monkeyci_param.token
}
resource "monkeyci_param" "token" {
  scope            = monkeyci_repo.web.id
  name             = "TOKEN"
  value_wo         = var.secret
  value_wo_version = 1
}
variable "secret" {
  ephemeral = true
}

moved {
  from = woodpecker_repository_cron.weekly
  to   = monkeyci_schedule.weekly
}
resource "monkeyci_schedule" "weekly" {
  repo = monkeyci_repo.web.id
  name = "weekly"
  cron = "0 3 * * 1"
}

moved {
  from = buildkite_pipeline_schedule.morning
  to   = monkeyci_schedule.morning
}
resource "monkeyci_schedule" "morning" {
  repo = monkeyci_repo.web.id
  name = "morning"
  cron = "0 6 * * *"
}

moved {
  from = circleci_schedule.hourly
  to   = monkeyci_schedule.hourly
}
resource "monkeyci_schedule" "hourly" {
  repo = monkeyci_repo.web.id
  name = "hourly"
  cron = "0 9,23 * * MON"
}

moved {
  from = github_repository_webhook.web
  to   = monkeyci_webhook.web
}
resource "monkeyci_webhook" "web" {
  repo              = monkeyci_repo.web.id
  forge             = "github"
  secret_wo         = var.secret
  secret_wo_version = 1
}

moved {
  from = github_actions_variable.level
  to   = monkeyci_param.level
}
resource "monkeyci_param" "level" {
  scope = "acme"
  name  = "LEVEL"
  value = "info"
}
"#;

#[test]
fn what_other_providers_had_is_taken_over_and_nothing_is_replaced() {
    let Some(w) = Workspace::new() else { return };
    w.attach_as(&OTHERS);
    w.ask(w.client.org("acme").put(&OrgBody::default()));
    w.write("main.tf", ORG);
    w.succeeds(&["import", "monkeyci_org.acme", "acme"]);
    let org: Value = serde_json::from_str(&w.read("terraform.tfstate")).expect("JSON");
    let others = state(&[
        (
            "drone_repo",
            "web",
            json!({ "id": "acme/web", "repository": "acme/web", "visibility": "private", "timeout": 60 }),
        ),
        (
            "drone_cron",
            "nightly",
            json!({ "id": "acme/web/nightly", "repository": "acme/web", "name": "nightly", "event": "push", "expr": "@daily", "branch": "main", "disabled": false }),
        ),
        (
            "drone_secret",
            "token",
            json!({ "id": "acme/web/TOKEN", "repository": "acme/web", "name": "TOKEN", "value": "of-the-old-system" }),
        ),
        (
            "woodpecker_repository_cron",
            "weekly",
            json!({ "id": 4, "repository_id": 17, "name": "weekly", "schedule": "0 3 * * 1", "branch": "", "created_at": 1, "creator_id": 1 }),
        ),
        (
            "buildkite_pipeline_schedule",
            "morning",
            json!({ "id": "UGlwZWxpbmU=", "uuid": "0", "pipeline_id": "UGlwZQ==", "label": "Every morning", "cronline": "0 6 * * *", "branch": "main", "commit": "HEAD", "enabled": true }),
        ),
        (
            "circleci_schedule",
            "hourly",
            json!({ "id": "1", "project_slug": "github/acme/web", "name": "hourly", "timetable": { "per_hour": 1, "hours_of_day": [9, 23], "days_of_week": ["MON"] } }),
        ),
        (
            "github_repository_webhook",
            "web",
            json!({ "id": "1", "repository": "web", "active": true, "events": ["push"], "url": "https://api.github.com/repos/acme/web/hooks/1", "configuration": [{ "secret": "of-the-old-hook" }] }),
        ),
        (
            "github_actions_variable",
            "level",
            json!({ "id": "web:LEVEL", "repository": "web", "variable_name": "LEVEL", "value": "info" }),
        ),
    ]);
    let mut all: Value = serde_json::from_str(&others).expect("JSON");
    let resources = all["resources"].as_array_mut().expect("resources");
    resources.extend(org["resources"].as_array().cloned().expect("resources"));
    w.write("terraform.tfstate", &all.to_string());
    w.write("main.tf", &format!("{ORG}{MOVED}"));

    // One of them is on the server already, just so: there is nothing to do with it.
    let web = w.client.org("acme").repo("web");
    let body = json!({ "url": "https://git.example.com/acme/web.git" });
    w.ask(web.put(&serde_json::from_value(body).expect("a body")));
    let nightly = ScheduleBody {
        cron: "@daily".into(),
        timezone: "UTC".into(),
        branch: Some("main".into()),
        params: Default::default(),
        enabled: true,
    };
    w.ask(web.schedule("nightly").put(&nightly));

    let plan = w.succeeds(&["plan"]);
    assert!(plan.contains("0 to destroy") && !plan.contains("must be replaced"), "{plan}");
    assert!(plan.contains("drone_cron.nightly has moved to monkeyci_schedule.nightly"), "{plan}");
    for there in ["schedule.weekly", "schedule.morning", "param.level"] {
        let there = format!("monkeyci_{there}");
        assert!(plan.contains(&format!("{there} will be updated in-place")), "{there}: {plan}");
    }
    // What says all of its name and is not here yet is made.
    assert!(plan.contains("(moved from circleci_schedule.hourly)"), "{plan}");
    for there in ["monkeyci_schedule.nightly", "monkeyci_repo.web"] {
        let is_touched = plan.contains(&format!("{there} will be ")) || plan.contains(&format!("{there} must be "));
        assert!(!is_touched, "{there}: {plan}");
    }
    w.apply();
    w.is_settled();
    assert_eq!(w.ask(web.schedule("weekly").get()).body.cron, "0 3 * * 1");
    assert!(w.ask(web.param("TOKEN").get()).secret);
    assert_eq!(w.ask(w.client.org("acme").param("LEVEL").get()).value.as_deref(), Some("info"));
    assert_eq!(w.ask(web.hook("github").get()).forge, "github");
    w.remove("terraform.tfstate.backup");
    for secret in ["of-the-old-system", "of-the-old-hook", SECRET] {
        w.holds_no(secret);
    }
}

const RUN: &str = r#"
moved {
  from = terraform_data.bootstrap
  to   = monkeyci_build_run.bootstrap
}
resource "monkeyci_repo" "web" {
  org  = monkeyci_org.acme.id
  name = "web"
  url  = "https://git.example.com/acme/web.git"
}
resource "monkeyci_build_run" "bootstrap" {
  repo     = monkeyci_repo.web.id
  branch   = "main"
  triggers = { schema = "1" }
  wait     = false
}
"#;

#[test]
fn what_ran_by_other_means_is_not_run_again_because_it_has_moved() {
    let Some(w) = Workspace::new() else { return };
    let ran = json!({
        "id": "4f", "input": null, "output": null,
        "triggers_replace": { "value": { "schema": "1" }, "type": ["object", { "schema": "string" }] },
    });
    w.write("terraform.tfstate", &state(&[("terraform_data", "bootstrap", ran)]));
    w.write("main.tf", &format!("{ORG}{RUN}"));
    let applied = w.apply();
    assert!(applied.contains("2 added, 1 changed, 0 destroyed"), "{applied}");
    w.is_settled();
    let web = w.client.org("acme").repo("web");
    assert!(w.ask(web.builds(None, None).all()).is_empty());
    w.write("main.tf", &format!("{ORG}{}", RUN.replace("\"1\"", "\"2\"")));
    assert!(w.is_unsettled().contains("monkeyci_build_run.bootstrap must be replaced"));
}

#[test]
fn what_is_nothing_of_ours_is_not_taken_over() {
    let Some(w) = Workspace::new() else { return };
    w.attach_as(&OTHERS);
    w.write(
        "main.tf",
        "moved {\n  from = drone_user.ann\n  to = monkeyci_schedule.ann\n}\nresource \"monkeyci_schedule\" \"ann\" {\n  repo = \"acme/web\"\n  name = \"ann\"\n  cron = \"@daily\"\n}\n",
    );
    w.write("terraform.tfstate", &state(&[("drone_user", "ann", json!({ "login": "ann" }))]));
    assert!(w.fails(&["plan"]).contains("cannot take over objects of drone_user"));
}
