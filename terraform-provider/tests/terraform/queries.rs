//! What Terraform has from 1.12 and 1.14 on: identities, lists and actions. A client of our own asks for them.

use monkeyci_client::rest::{EnvironmentBody, NewHook, OrgBody, ParamBody, RepoBody, ScheduleBody, SubscriptionBody};
use serde_json::{Value, json};
use tfplugin::proto::*;

use crate::client::Client;
use crate::workspace::Workspace;

/// A value as it goes over the wire.
fn wire(value: &Value) -> Option<DynamicValue> {
    Some(DynamicValue { json: value.to_string().into_bytes(), msgpack: Vec::new() })
}

/// A server with some objects, and a client of a provider that is configured for it.
fn furnished() -> (Workspace, Client) {
    let w = Workspace::without_terraform();
    let acme = w.client.org("acme");
    w.ask(acme.put(&OrgBody::default()));
    for name in ["api", "lib", "web"] {
        let body = json!({ "url": format!("https://git.example.com/{name}.git"), "labels": { "team": "shop" } });
        w.ask(acme.repo(name).put(&serde_json::from_value::<RepoBody>(body).expect("a body")));
    }
    let param = ParamBody { value: Some("x".into()), ..ParamBody::default() };
    w.ask(acme.param("LEVEL").put(&param));
    let account = acme.service_account("deployer");
    w.ask(account.put(&serde_json::from_value(json!({ "role": "viewer" })).expect("a body")));
    let issuer = "https://token.actions.githubusercontent.com";
    let trust = json!({ "issuer": issuer, "subjects": ["repo:acme/web:*"], "claims": { "ref_protected": "true" } });
    w.ask(account.trust("github").put(&serde_json::from_value(trust).expect("a body")));
    let shop = json!({ "members": ["acme/deployer"], "role": "developer", "repos": ["lib", "web"] });
    w.ask(acme.role_binding("shop").put(&serde_json::from_value(shop).expect("a body")));
    let web = acme.repo("web");
    w.ask(web.environment("prod").put(&serde_json::from_value::<EnvironmentBody>(json!({})).expect("a body")));
    w.ask(web.environment("prod").param("REGION").put(&param));
    let nightly: ScheduleBody = serde_json::from_value(json!({ "cron": "0 3 * * *" })).expect("a body");
    w.ask(web.schedule("nightly").put(&nightly));
    w.ask(web.make_hook(&NewHook { name: None, forge: "gitea".into(), secret: None }));
    for (name, to) in [
        ("deploys", json!({ "webhook": { "url": "https://hooks.example.com/ci" } })),
        ("shop", json!({ "slack": { "workspace": "T0123ABCD", "channel": "#shop" } })),
    ] {
        let body = serde_json::from_value::<SubscriptionBody>(json!({ "to": to })).expect("a body");
        w.ask(acme.subscription(name).put(&body));
    }
    let credential = json!({ "host": "ghcr.io", "username": "acme", "password": "open-sesame" });
    w.ask(acme.registry_credential("ghcr").put(&serde_json::from_value(credential).expect("a body")));
    let mut client = w.wait(Client::plain(w.socket()));
    let config = json!({
        "url": w.server.url, "token": w.server.token, "token_file": null, "token_command": null,
        "org": "acme", "authorities": null,
        "default_labels": null, "max_retries": null, "max_retry_wait": null, "request_timeout": null,
        "parallelism": null, "read_cache": null,
    });
    let request = configure_provider::Request { config: wire(&config), ..Default::default() };
    let answer: configure_provider::Response = w.wait(client.ask("ConfigureProvider", request));
    assert_eq!(answer.diagnostics, []);
    (w, client)
}

fn list(w: &Workspace, client: &mut Client, of: &str, query: &Value, limit: i64) -> Vec<list_resource::Event> {
    let request = list_resource::Request {
        type_name: format!("monkeyci_{of}"),
        config: wire(query),
        include_resource_object: true,
        limit,
    };
    w.wait(async {
        let mut events = client.stream("/tfplugin6.Provider/ListResource", request).await;
        let mut all = Vec::new();
        while let Some(event) = events.message().await.expect("no break") {
            all.push(event);
        }
        all
    })
}

#[test]
fn objects_are_listed_and_imported_by_their_identities() {
    let (w, mut client) = furnished();
    for (of, query, names) in [
        ("repo", json!({ "org": null }), &["acme/api", "acme/lib", "acme/web"][..]),
        ("param", json!({ "scope": "acme" }), &["acme/param/LEVEL"]),
        ("param", json!({ "scope": "acme/web/env/prod" }), &["acme/web/env/prod/param/REGION"]),
        ("environment", json!({ "repo": "acme/web" }), &["acme/web/env/prod"]),
        ("schedule", json!({ "repo": "acme/web" }), &["acme/web/schedule/nightly"]),
        ("webhook", json!({ "repo": "acme/web" }), &["acme/web/webhook/gitea"]),
        ("ssh_key", json!({ "org": "acme" }), &[]),
        ("registry_credential", json!({ "org": "acme" }), &["acme/registry/ghcr"]),
        // Each is of the resource that can say where it is told.
        ("subscription", json!({ "org": "acme" }), &["acme/subscription/deploys"]),
        ("slack_subscription", json!({ "org": "acme" }), &["acme/subscription/shop"]),
        ("trust", json!({ "service_account": "acme/sa/deployer" }), &["acme/sa/deployer/trust/github"]),
        ("role_binding", json!({ "org": null }), &["acme/role/shop"]),
    ] {
        let events = list(&w, &mut client, of, &query, 0);
        let found: Vec<_> = events.iter().map(|event| event.display_name.as_str()).collect();
        assert_eq!(found, names, "{of}");
        for event in events {
            assert_eq!(event.diagnostic, []);
            let request = import_resource_state::Request {
                type_name: format!("monkeyci_{of}"),
                identity: event.identity,
                ..Default::default()
            };
            // What is imported by an identity that is a scope and a name is called as it is for people.
            let imported: import_resource_state::Response = w.wait(client.ask("ImportResourceState", request));
            assert_eq!(imported.diagnostics, [], "{of}");
            assert_eq!(imported.imported_resources[0].state, event.resource_object, "{of}");
        }
    }
    assert_eq!(list(&w, &mut client, "repo", &json!({ "org": null }), 2).len(), 2);
    let events = list(&w, &mut client, "schedule", &json!({ "repo": "acme/gone/x" }), 0);
    assert!(events[0].diagnostic[0].detail.contains("ORG/REPO"), "{events:?}");
    let events = list(&w, &mut client, "trust", &json!({ "service_account": "acme/deployer" }), 0);
    assert!(events[0].diagnostic[0].detail.contains("ORG/sa/NAME"), "{events:?}");
}

/// Does something; what is told of it, and what went wrong.
fn invoke(w: &Workspace, client: &mut Client, action: &str, config: &Value) -> (Vec<String>, Vec<String>) {
    let (action_type, config) = (format!("monkeyci_{action}"), wire(config));
    let plan = plan_action::Request { action_type: action_type.clone(), config: config.clone(), ..Default::default() };
    let planned: plan_action::Response = w.wait(client.ask("PlanAction", plan));
    if !planned.diagnostics.is_empty() {
        return (Vec::new(), planned.diagnostics.into_iter().map(|one| one.detail).collect());
    }
    let request = invoke_action::Request { action_type, config, ..Default::default() };
    w.wait(async {
        let mut events = client.stream::<_, invoke_action::Event>("/tfplugin6.Provider/InvokeAction", request).await;
        let (mut told, mut wrong) = (Vec::new(), Vec::new());
        while let Some(event) = events.message().await.expect("no break") {
            match event.r#type.expect("a type") {
                invoke_action::event::Type::Progress(progress) => told.push(progress.message),
                invoke_action::event::Type::Completed(completed) => {
                    wrong.extend(completed.diagnostics.into_iter().map(|one| one.detail));
                }
            }
        }
        (told, wrong)
    })
}

#[test]
fn a_build_is_triggered_waited_for_and_canceled_by_actions() {
    let (w, mut client) = furnished();
    let trigger = |repo: &str, wait: bool| json!({ "repo": repo, "branch": null, "tag": null, "params": { "FULL": "1" }, "wait": wait });
    let (told, wrong) = invoke(&w, &mut client, "build_trigger", &trigger("acme/web", false));
    assert_eq!((told.len(), wrong), (1, Vec::new()));
    assert!(told[0].starts_with("acme/web#1 is "), "{told:?}");
    let builds = w.ask(w.client.org("acme").repo("web").builds(None, None).all());
    assert_eq!(builds.len(), 1);

    // There is nobody at the address of the repository.
    let (told, wrong) = invoke(&w, &mut client, "build_trigger", &trigger("acme/web", true));
    assert!(told.len() >= 2 && wrong == ["acme/web#2 is error."], "{told:?} {wrong:?}");
    let cancel = json!({ "repo": "acme/web", "number": 2, "reason": "enough" });
    let (told, wrong) = invoke(&w, &mut client, "build_cancel", &cancel);
    assert!(wrong.is_empty() && told.len() == 1, "{told:?} {wrong:?}");

    let (_, wrong) = invoke(&w, &mut client, "build_trigger", &trigger("acme/gone", false));
    assert!(wrong[0].contains("no such repository"), "{wrong:?}");
    let (_, wrong) = invoke(&w, &mut client, "build_trigger", &trigger("web", false));
    assert!(wrong[0].contains("ORG/REPO"), "{wrong:?}");
    let (_, wrong) = invoke(&w, &mut client, "subscription_test", &json!({ "subscription": "acme/deploys" }));
    assert!(wrong[0].contains("ORG/subscription/NAME"), "{wrong:?}");
    let (_, wrong) = invoke(&w, &mut client, "subscription_test", &json!({ "subscription": "acme/subscription/x" }));
    assert!(wrong[0].contains("no such"), "{wrong:?}");
}
