//! Terraform that runs in a CI system, and is let in by what that signs.

use std::path::Path;
use std::time::{Duration, Instant};

use monkeyci_client::model::BuildStatus;
use monkeyci_client::rest::{NewBuild, ParamBody, RepoBody, TrustBody};

use crate::runs::repository;
use crate::workspace::{SECRET, Workspace};

/// The repository is made by hand: its address is a folder.
const TRUST: &str = r#"
resource "monkeyci_service_account" "terraform" {
  org  = "acme"
  name = "terraform"
  role = "maintainer"
}
resource "monkeyci_trust" "jobs" {
  service_account = monkeyci_service_account.terraform.id
  name            = "jobs"
  issuer          = "URL"
  subjects        = ["org:acme:repo:web:ref:refs/heads/main"]
  claims          = { job = "deploy" }
}
"#;

/// Runs a build of `web` whose job leaves its ID token in a file.
fn built(w: &Workspace, job: &str) {
    let file = w.home().join("id-token").display().to_string();
    let tokens = format!("{{TOKEN: {{audience: '{}'}}}}", w.server.url);
    let folder =
        repository(w, &format!("- {{id: {job}, script: ['printf %s \"$TOKEN\" > {file}'], id-tokens: {tokens}}}"));
    let web = w.client.org("acme").repo("web");
    let url = format!("file://{}", folder.display());
    w.ask(web.put(&serde_json::from_value::<RepoBody>(serde_json::json!({ "url": url })).expect("a body")));
    let number = w.ask(web.start(&NewBuild { branch: Some("main".into()), ..NewBuild::default() })).build.number;
    let begun = Instant::now();
    loop {
        let status = w.ask(web.build(number).get()).build.status;
        if status.is_terminal() {
            assert_eq!(status, BuildStatus::Success);
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the build does not end");
        std::thread::sleep(Duration::from_millis(10)); // poll
    }
}

/// Has the provider be a service account by an ID token in a file.
fn goes_as(w: &Workspace, account: &str, file: &Path) {
    w.goes_by(&w.server.url, &format!("service_account = \"{account}\"\n  token_file = \"{}\"", file.display()));
    w.write("provider.tf", &w.read("provider.tf").replace("  token = var.token\n", ""));
}

#[test]
fn a_job_runs_terraform_as_a_service_account_and_no_token_is_stored() {
    let Some(w) = Workspace::with_program_and_processes() else { return };
    w.ask(w.client.org("acme").put(&Default::default()));
    w.write("main.tf", &TRUST.replace("URL", &w.server.url));
    assert!(w.apply().contains("2 added"));
    w.is_settled();
    // Somebody changes it by hand, and removes it.
    let jobs = w.client.org("acme").service_account("terraform").trust("jobs");
    let body = w.ask(jobs.get()).body;
    w.ask(jobs.put(&TrustBody { minutes: 5, ..body }));
    assert!(w.is_unsettled().contains("5 -> 60"));
    w.ask(jobs.delete());
    assert!(w.apply().contains("1 added"));
    w.imports(&[
        ("monkeyci_service_account.terraform", "acme/sa/terraform"),
        ("monkeyci_trust.jobs", "acme/sa/terraform/trust/jobs"),
    ]);
    for (right, wrong, line, said) in [
        ("org:acme:repo:web:ref:refs/heads/main", "org:*", "subjects ", "lets in strangers"),
        ("\"URL\"", "\"ftp://login.example.com\"", "issuer ", "scheme is not `https`"),
    ] {
        w.write("main.tf", &TRUST.replace(right, wrong).replace("URL", &w.server.url));
        w.is_told(line, said);
    }

    built(&w, "deploy");
    let file = w.home().join("id-token");
    goes_as(&w, "acme/sa/terraform", &file);
    let param = "data \"monkeyci_current_user\" \"me\" {}\noutput \"me\" {\n  value = data.monkeyci_current_user.me.name\n}\n\
                 resource \"monkeyci_param\" \"level\" {\n  scope = \"acme/web\"\n  name = \"LEVEL\"\n  value = \"info\"\n}\n";
    w.remove("terraform.tfstate");
    w.write("main.tf", param);
    assert!(w.apply().contains("1 added"));
    assert_eq!(w.succeeds(&["output", "-raw", "me"]), "acme/terraform");
    w.is_settled();
    let signature = std::fs::read_to_string(&file).expect("it is there");
    w.holds_no(signature.rsplit('.').next().expect("a signature"));
    w.holds_no("mci_");

    goes_as(&w, "acme/sa/other", &file);
    let said = w.fails(&["plan"]);
    assert!(
        said.contains("not let in as acme/sa/other") && said.contains("org:acme:repo:web:ref:refs/heads/main"),
        "{said}"
    );
    assert!(!said.contains(&signature), "{said}");
    built(&w, "other");
    goes_as(&w, "acme/sa/terraform", &file);
    assert!(w.fails(&["plan"]).contains("not let in as acme/sa/terraform"));
    goes_as(&w, "terraform", &file);
    assert!(w.fails(&["plan"]).contains("is not written as `ORG/sa/NAME`"));
}

#[test]
fn what_is_secret_is_handed_out_by_nothing_that_lives_for_one_run() {
    let Some(w) = Workspace::with_program() else { return };
    w.ask(w.client.org("acme").put(&Default::default()));
    let param = |name: &str, value: &str, secret| {
        let body = ParamBody { value: Some(value.into()), secret, ..ParamBody::default() };
        w.ask(w.client.org("acme").param(name).put(&body));
    };
    param("REGION", "eu", false);
    param("TOKEN", SECRET, true);
    let of = |name: &str| {
        format!("ephemeral \"monkeyci_param_value\" \"x\" {{\n  scope = \"acme\"\n  name = \"{name}\"\n}}\n")
    };
    w.write("main.tf", &of("REGION"));
    w.succeeds(&["plan"]);
    w.write("main.tf", &of("TOKEN"));
    let said = w.fails(&["plan"]);
    assert!(said.contains("It is secret, and the server lets no secret out") && !said.contains(SECRET), "{said}");
    w.write("main.tf", &of("GONE"));
    assert!(w.fails(&["plan"]).contains("The param is not there"));
    for (kind, body, said) in [
        ("artifact_url", "repo = \"acme/web\"\n  number = 1\n  artifact = \"x\"", "not there"),
        ("oidc_token", "service_account = \"acme/sa/gone\"\n  audience = [\"vault\"]", "not there"),
        ("oidc_token", "service_account = \"gone\"\n  audience = [\"vault\"]", "ORG/sa/NAME"),
        ("worker_registration", "org = \"gone\"", "no such organisation"),
    ] {
        w.write("main.tf", &format!("ephemeral \"monkeyci_{kind}\" \"x\" {{\n  {body}\n}}\n"));
        let told = w.fails(&["plan"]);
        assert!(told.contains(said), "{kind}: {told}");
    }
}
