//! What others look after, and what is computed of it.

use monkeyci_client::rest::{OrgBody, ParamBody};
use serde_json::{Value, json};

use crate::workspace::Workspace;

/// A body of the API.
fn body<B: serde::de::DeserializeOwned>(json: Value) -> B {
    serde_json::from_value(json).expect("a body")
}

const READS: &str = r#"
data "monkeyci_orgs" "all" {}
data "monkeyci_pipeline" "main" { name = "main" }
data "monkeyci_pipeline_document" "one" {
  jobs = { unit = { image = "rust", script = ["cargo test"] } }
}
data "monkeyci_params" "web" { scope = "acme/web" }
data "monkeyci_ssh_key" "deploy" { name = "deploy" }
data "monkeyci_environment" "prod" {
  repo = "acme/web"
  name = "prod"
}
data "monkeyci_user" "me" { name = data.monkeyci_current_user.me.name }
data "monkeyci_current_user" "me" {}
data "monkeyci_webhook_deliveries" "gitea" {
  repo    = "acme/web"
  webhook = "gitea"
}
output "all" {
  value = jsonencode({
    orgs       = data.monkeyci_orgs.all.names
    jobs       = keys(jsondecode(data.monkeyci_pipeline.main.script).jobs)
    document   = jsondecode(data.monkeyci_pipeline_document.one.json)
    digest     = data.monkeyci_pipeline_document.one.sha256 == sha256(data.monkeyci_pipeline_document.one.json)
    secret     = data.monkeyci_params.web.params["TOKEN"].value
    level      = data.monkeyci_params.web.params["LEVEL"].value
    same       = data.monkeyci_ssh_key.deploy.fingerprint == provider::monkeyci::ssh_fingerprint(data.monkeyci_ssh_key.deploy.public_key)
    role       = data.monkeyci_environment.prod.approver_role
    deployed   = data.monkeyci_environment.prod.deployment
    admin      = data.monkeyci_user.me.admin
    deliveries = length(data.monkeyci_webhook_deliveries.gitea.deliveries)
  })
}
"#;

#[test]
fn what_is_set_up_is_read_without_secrets() {
    let Some(w) = Workspace::new() else { return };
    let acme = w.client.org("acme");
    w.ask(acme.put(&OrgBody { name: Some("Acme".into()), ..OrgBody::default() }));
    let web = acme.repo("web");
    w.ask(web.put(&body(json!({ "url": "https://git.example.com/acme/web.git" }))));
    w.ask(web.param("TOKEN").put(&ParamBody { value: Some("hunter22".into()), secret: true, description: None }));
    w.ask(web.param("LEVEL").put(&ParamBody { value: Some("info".into()), secret: false, description: None }));
    w.ask(web.environment("prod").put(&body(json!({ "approverRole": "maintainer" }))));
    w.ask(web.make_hook(&body(json!({ "forge": "gitea" }))));
    w.ask(acme.ssh_key("deploy").put(&body(json!({}))));
    w.ask(acme.pipeline("main").put(&body(json!({ "script": { "jobs": { "unit": { "script": ["true"] } } } }))));
    w.write("main.tf", READS);
    w.apply();
    let said: Value = serde_json::from_str(&w.succeeds(&["output", "-raw", "all"])).expect("JSON");
    let expected = json!({
        "orgs": { "acme": "Acme" }, "jobs": ["unit"], "digest": true, "secret": null, "level": "info", "same": true,
        "document": { "jobs": { "unit": { "image": "rust", "script": ["cargo test"] } } },
        "role": "maintainer", "deployed": null, "admin": true, "deliveries": 0,
    });
    assert_eq!(said, expected);
    w.holds_no("hunter22");
    for (text, told) in [
        ("data \"monkeyci_params\" \"x\" {\n  scope = \"acme/gone/x\"\n}\n", "is not written as"),
        ("data \"monkeyci_ssh_key\" \"x\" {\n  name = \"gone\"\n}\n", "The SSH key is not there"),
        ("data \"monkeyci_build\" \"x\" {\n  repo = \"acme/web\"\n}\n", "There is no such build"),
        ("data \"monkeyci_user\" \"x\" {\n  name = \"gone\"\n}\n", "The user is not there"),
    ] {
        w.write("main.tf", text);
        let said = w.fails(&["plan"]);
        assert!(said.contains(told), "{text}: {said}");
    }
}

#[test]
fn functions_compute_without_a_server() {
    let Some(w) = Workspace::new() else { return };
    let calls = [
        (
            "cron_next(\"0 3 * * *\", \"Europe/Brussels\", \"2026-11-22T12:00:00Z\", 2)",
            json!(["2026-11-23T02:00:00Z", "2026-11-24T02:00:00Z"]),
        ),
        ("import_id(\"schedule\", \"acme\", \"web\", \"nightly\")", json!("acme/web/schedule/nightly")),
        ("import_id(\"monkeyci_param\", \"acme\", \"web\", \"A\")", json!("acme/web/param/A")),
        ("ref_match(\"release/*\", \"refs/heads/release/1/2\")", json!(true)),
        ("ref_match(\"main\", \"refs/tags/main\")", json!(false)),
        ("repo_url_parse(\"git@git.example.com:acme/shop/web.git\").owner", json!("acme/shop")),
        ("pipeline_parse(\"jobs: {unit: {script: [a, b]}}\").jobs.unit.script[1]", json!("b")),
        (
            "pipeline_render({ jobs = { unit = { script = [\"a\"] } } }, \"edn\")",
            json!("{:jobs {:unit {:script [\"a\"]}}}"),
        ),
        (
            "pipeline_parse(provider::monkeyci::pipeline_render({ a = [1, \"x: y\", null] }, \"yaml\"))",
            json!({ "a": [1, "x: y", null] }),
        ),
        (
            "pipeline_diff(\"{a: 1, b: [1, 2]}\", \"{a: 2, b: [1]}\")",
            json!([{ "path": "a", "before": "1", "after": "2" }, { "path": "b[1]", "before": "2", "after": null }]),
        ),
    ];
    let lines: String =
        calls.iter().enumerate().map(|(at, (call, _))| format!("    c{at} = provider::monkeyci::{call}\n")).collect();
    let described = "    described = provider::monkeyci::cron_describe(\"0 3 * * *\")\n";
    w.write("main.tf", &format!("output \"all\" {{\n  value = jsonencode({{\n{lines}{described}  }})\n}}\n"));
    w.apply();
    let said: Value = serde_json::from_str(&w.succeeds(&["output", "-raw", "all"])).expect("JSON");
    for (at, (call, expected)) in calls.iter().enumerate() {
        assert_eq!(said[format!("c{at}")], *expected, "{call}");
    }
    assert!(said["described"].as_str().is_some_and(|text| text.contains("03:00")), "{said}");
    for (call, told) in [
        ("cron_next(\"0 30 * * *\", \"UTC\", \"2026-11-22T12:00:00Z\", 1)", "no cron expression"),
        ("cron_next(\"0 3 * * *\", \"Mars\", \"2026-11-22T12:00:00Z\", 1)", "a time zone has a name"),
        ("import_id(\"schedule\", \"acme\")", "`ORG/REPO/schedule/NAME`"),
        ("import_id(\"boss\", \"acme\")", "no resource `monkeyci_boss`"),
        ("pipeline_parse(\"a: [1\")", "this is no YAML"),
        ("pipeline_render({}, \"xml\")", "`json`, `yaml` or `edn`"),
        ("ssh_fingerprint(\"rubbish\")", "`ssh-ed25519 AAAA…`"),
        ("ref_match(\"[\", \"main\")", "this is no glob"),
    ] {
        w.write("main.tf", &format!("output \"x\" {{\n  value = provider::monkeyci::{call}\n}}\n"));
        let said = w.fails(&["plan"]);
        assert!(said.contains(told), "{call}: {said}");
    }
}

#[test]
fn a_key_is_drawn_for_one_run_and_its_private_part_is_in_no_file() {
    let Some(w) = Workspace::with_program() else { return };
    w.ask(w.client.org("acme").put(&OrgBody::default()));
    w.write(
        "main.tf",
        r#"
ephemeral "monkeyci_ssh_keypair" "deploy" {
  comment = "acme/web"
}
resource "monkeyci_ssh_key" "deploy" {
  name                   = "deploy"
  private_key_wo         = ephemeral.monkeyci_ssh_keypair.deploy.private_key
  private_key_wo_version = 1
}
output "public" {
  value = monkeyci_ssh_key.deploy.public_key
}
"#,
    );
    w.apply();
    w.is_settled();
    assert!(w.succeeds(&["output", "-raw", "public"]).starts_with("ssh-ed25519 "));
    w.holds_no("PRIVATE KEY");
}
