//! What is set up on a server becomes code, and applying that changes nothing.

use std::path::Path;
use std::process::Command;

use monkeyci_client::rest::{NewMember, ParamBody, RegistryCredentialBody, Role};
use serde_json::{Value, json};

use crate::workspace::{SECRET, Workspace};

/// Runs the program `monkeyci` as the first person of the workspace's server.
fn monkeyci(w: &Workspace, arguments: &[&str]) -> std::process::Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let mut command = Command::new(crate::monkeyci::program(root));
    command.args(arguments).current_dir(w.home()).env("HOME", w.home()).env("XDG_CONFIG_HOME", w.home());
    command.env("MONKEYCI_SERVER", &w.server.url).env("MONKEYCI_TOKEN", &w.server.token);
    command.output().expect("monkeyci runs")
}

/// A body of the API.
fn body<B: serde::de::DeserializeOwned>(json: Value) -> B {
    serde_json::from_value(json).expect("a body")
}

/// Sets up one of everything, by hand.
fn furnish(w: &Workspace) {
    let acme = w.client.org("acme");
    w.ask(acme.put(&body(json!({ "name": "Acme ${x} \"Ltd\"" }))));
    w.ask(acme.member("bob").put(&NewMember { role: Role::Developer }));
    w.ask(acme.service_account("deployer").put(&body(json!({ "role": "developer", "description": "Deploys" }))));
    let issuer = "https://token.actions.githubusercontent.com";
    let trust = json!({ "issuer": issuer, "subjects": ["repo:acme/web:*"], "claims": { "ref_protected": "true" }, "minutes": 15 });
    w.ask(acme.service_account("deployer").trust("github").put(&body(trust)));
    w.ask(acme.chat_identity("slack", "T0123/U0789").put(&body(json!({ "person": "bob" }))));
    w.ask(acme.param("LEVEL").put(&body(json!({ "value": "line 1\nline 2 ${HOME} %{if}" }))));
    w.ask(acme.param_set("shop").put(&body(json!({ "labelFilters": [{ "team": "shop" }] }))));
    w.ask(acme.param_set("shop").param("REGION").put(&body(json!({ "value": "eu" }))));
    w.ask(acme.ssh_key("deploy").put(&body(json!({ "labelFilters": [{ "team": "shop" }] }))));
    let credential = RegistryCredentialBody {
        password: Some("by hand".into()),
        ..body(json!({ "host": "ghcr.io", "username": "bot" }))
    };
    w.ask(acme.registry_credential("ghcr").put(&credential));
    for (name, labels) in [("lib", json!({})), ("web", json!({ "team": "shop" }))] {
        let url = format!("https://git.example.com/acme/{name}.git");
        let report = json!({ "forge": "github", "project": "acme/web", "token": "FORGE_TOKEN" });
        let report = if name == "web" { report } else { Value::Null };
        w.ask(
            acme.repo(name)
                .put(&body(json!({ "url": url, "labels": labels, "report": report, "visibility": "public" }))),
        );
    }
    let web = acme.repo("web");
    let shop = json!({ "members": ["bob", "acme/deployer"], "role": "maintainer", "repos": ["lib", "web"] });
    w.ask(acme.role_binding("shop").put(&body(shop)));
    let team =
        json!({ "members": ["bob"], "role": "developer", "labelFilters": [{ "team": "shop" }], "description": "Ours" });
    w.ask(acme.role_binding("team").put(&body(team)));
    w.ask(web.param("TOKEN").put(&ParamBody {
        value: Some("by hand".into()),
        secret: true,
        description: Some("Opens it".into()),
    }));
    w.ask(
        web.schedule("nightly")
            .put(&body(json!({ "cron": "0 3 * * *", "timezone": "Europe/Brussels", "params": { "FULL": "1" } }))),
    );
    w.ask(
        web.trigger("after-lib")
            .put(&body(json!({ "repo": "lib", "statuses": ["success"], "refs": ["main"], "passParams": ["VERSION"] }))),
    );
    let environment =
        json!({ "approverRole": "maintainer", "preventSelf": true, "refs": ["main"], "exclusive": false });
    w.ask(web.environment("prod").put(&body(environment)));
    w.ask(web.environment("prod").param("REGION").put(&body(json!({ "value": "us" }))));
    w.ask(web.make_hook(&body(json!({ "forge": "gitea" }))));
    let unit = json!({ "image": "docker.io/rust:1.95", "script": ["cargo test"], "env": { "A": "${B}" },
        "if": { "not": { "branch": ["wip/*"] } }, "id_tokens": { "CLOUD_TOKEN": { "audience": ["sts.example.com"] } } });
    let jobs = json!({ "jobs": { "unit": unit } });
    w.ask(acme.pipeline("main").put(&body(json!({ "repo": "web", "script": jobs }))));
    let script = json!([{ "id": "unit", "script": ["true"], "x-more": { "deep": [1, true] } }]);
    w.ask(acme.pipeline("all").put(&body(json!({ "labelFilters": [{ "team": "pay" }], "script": script }))));
    let hook = json!({ "to": { "webhook": { "url": "https://hooks.example.com/ci" } }, "on": ["failed", "canceled"] });
    w.ask(acme.subscription("hook").put(&body(hook)));
    let style = json!({ "mention": "author", "digest": { "cron": "0 9 * * 1-5" } });
    let slack = json!({ "slack": { "workspace": "T0123", "channel": "#shop-ci", "style": style } });
    w.ask(acme.subscription("shop").put(&body(json!({ "to": slack, "events": ["push"] }))));
}

#[test]
fn what_is_on_a_server_is_written_as_code_and_applying_that_changes_nothing() {
    let Some(w) = Workspace::with_program() else { return };
    furnish(&w);
    let before = w.ask(w.client.org("acme").export());
    let wrote = monkeyci(
        &w,
        &["tf", "export", "--org", "acme", "--out", "config", "--source", "registry.test/monkeyci/monkeyci"],
    );
    let told = String::from_utf8_lossy(&wrote.stderr).into_owned();
    // The workspace has a file of that name.
    assert!(!wrote.status.success() && told.contains("`config/provider.tf` is there already"), "{told}");
    let forced =
        ["tf", "export", "--org", "acme", "--out", "config", "--source", "registry.test/monkeyci/monkeyci", "--force"];
    let wrote = monkeyci(&w, &forced);
    assert!(wrote.status.success(), "{}", String::from_utf8_lossy(&wrote.stderr));
    let files = ["acme.tf", "provider.tf", "variables.tf"];
    for file in files {
        assert!(!w.read(file).contains("by hand"), "{file}");
    }
    w.succeeds(&["fmt", "-check", "-diff"]);
    w.write("secrets.auto.tfvars", &format!("web_TOKEN = \"{SECRET}\"\nghcr_password = \"{SECRET}\"\n"));
    let plan = w.succeeds(&["plan"]);
    assert!(plan.contains("25 to import, 0 to add, 2 to change, 0 to destroy"), "{plan}");
    w.apply();
    w.is_settled();
    // Only the secrets were written, for nobody could tell them.
    let mut after = w.ask(w.client.org("acme").export());
    assert_ne!(after.registry_credentials[0].fingerprint, before.registry_credentials[0].fingerprint);
    after.registry_credentials.clone_from(&before.registry_credentials);
    let web = after.repos.iter().position(|repo| repo.repo.id.as_str() == "web").expect("it is there");
    assert!(after.repos[web].params[0].version > before.repos[web].params[0].version);
    after.repos[web].params.clone_from(&before.repos[web].params);
    assert_eq!(after, before);
    // The second time, nothing is to be imported any more, and what was written is written again.
    let again = monkeyci(&w, &forced);
    assert!(again.status.success());
    w.is_settled();
}
