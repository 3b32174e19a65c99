//! Bad input, missing rights, and what is not known yet.

use monkeyci_client::rest::{NewToken, OrgBody, Role, Scope, ServiceAccountBody};

use crate::workspace::Workspace;

#[test]
fn names_that_lead_elsewhere_are_refused_at_their_lines() {
    let Some(w) = Workspace::new() else { return };
    w.ask(w.client.org("acme").put(&OrgBody::default()));
    for (attributes, line, said) in [
        ("scope = \"acme/web/x\"\n name = \"A\"\n value = \"\"", "scope =", "is not written as `ORG/REPO`"),
        ("scope = \"\"\n name = \"A\"\n value = \"\"", "scope =", "is not written as `ORG/REPO`"),
        ("scope = \"acme\"\n name = \"../../orgs\"\n value = \"\"", "", "begins with a letter"),
        ("scope = \"acme\"\n name = \"A\"", "", "One of `value`, `value_wo` must be set"),
    ] {
        w.write("main.tf", &format!("resource \"monkeyci_param\" \"a\" {{\n {attributes}\n}}\n"));
        w.is_told(line, said);
    }
    w.write(
        "main.tf",
        "resource \"monkeyci_schedule\" \"a\" {\n  repo = \"..\"\n  name = \"a\"\n  cron = \"0 3 * * *\"\n}\n",
    );
    let complaints = w.complaints();
    assert!(complaints.iter().any(|(at, _)| at.starts_with("repo =")), "{complaints:#?}");
    for wrong in ["acme/web/trigger/x", "../..", "", "acme/web/schedule/"] {
        let said = w.fails(&["import", "monkeyci_schedule.a", wrong]);
        assert!(said.contains("`ORG/REPO/schedule/NAME`") || said.contains("import ID"), "{wrong}: {said}");
    }
}

#[test]
fn who_may_not_is_told_so_and_reads_without_the_export() {
    let Some(w) = Workspace::new() else { return };
    let acme = w.client.org("acme");
    w.ask(acme.put(&OrgBody::default()));
    let many = "resource \"monkeyci_param\" \"many\" {\n  count = 10\n  scope = \"acme\"\n  name = \"P${count.index}\"\n  value = \"x\"\n}\n";
    w.write("main.tf", many);
    w.apply();
    let account = ServiceAccountBody { role: Role::Viewer, description: None, integration: false, disabled: false };
    w.ask(acme.service_account("reader").put(&account));
    let scope = Scope { org: w.ask(acme.get()).id, role: Role::Viewer };
    let token = NewToken { description: "reads".into(), scope: Some(scope), expires: None, secret: None };
    let reader = w.ask(acme.service_account("reader").make_token(&token)).secret;

    let own = w.read("provider.tf");
    w.write("provider.tf", &own.replace("= var.token", &format!("= \"{reader}\"")));
    w.is_settled();
    w.write("main.tf", &many.replace("\"x\"", "\"y\""));
    let said = w.fails(&["apply", "-auto-approve"]);
    assert!(said.contains("The token may not set up the param") && said.contains("`maintainer`"), "{said}");
    assert!(!said.contains(&reader));

    w.write("provider.tf", &own.replace("= var.token", "= \"mci_nothing\""));
    assert!(w.fails(&["plan"]).contains("The token is not accepted"));
    w.write("provider.tf", &own.replace(&w.server.url, "http://127.0.0.1:1"));
    assert!(w.fails(&["plan"]).contains("The server cannot be reached"));
}

#[test]
fn what_is_not_known_yet_is_looked_at_when_it_is() {
    let Some(w) = Workspace::new() else { return };
    w.write(
        "main.tf",
        r#"
resource "terraform_data" "names" {
  input = { org = "acme", repo = "web", value = "x" }
}
resource "monkeyci_org" "acme" {
  slug = terraform_data.names.output.org
}
resource "monkeyci_repo" "web" {
  org  = monkeyci_org.acme.id
  name = terraform_data.names.output.repo
  url  = "https://git.example.com/acme/web.git"
}
resource "monkeyci_param" "a" {
  scope = monkeyci_repo.web.id
  name  = "A"
  value = terraform_data.names.output.value
}
resource "monkeyci_pipeline" "main" {
  org  = terraform_data.names.output.org
  name = "main"
  repo = monkeyci_repo.web.id
  script = jsonencode([{ id = "a", script = terraform_data.names.output.value }])
}
"#,
    );
    assert!(w.apply().contains("5 added"));
    w.is_settled();
    let script = w.ask(w.client.org("acme").pipeline("main").get()).body.script;
    assert_eq!(script, serde_json::json!([{ "id": "a", "script": "x" }]));
}
