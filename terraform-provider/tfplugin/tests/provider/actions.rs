//! What Terraform has from 1.12 and 1.14 on, and what it seldom does.

use tfplugin::proto::*;
use tfplugin::{Object, Type, Value};

use crate::client::{Client, object, unwire, wire};
use crate::files::{Archive, Lease, Note, Query};

async fn make(client: &mut Client, name: &str) -> apply_resource_change::Response {
    let config = object([("name", name.into())]);
    let mut planned = object([("name", name.into()), ("copies", 1.into()), ("access", "everybody".into())]);
    if let Value::Map(planned) = &mut planned {
        planned.insert("id".to_owned(), Value::UNKNOWN);
        planned.insert("revision".to_owned(), Value::UNKNOWN);
    }
    let request = apply_resource_change::Request {
        type_name: "files_note".to_owned(),
        planned_state: wire::<Note>(&planned),
        config: wire::<Note>(&config),
        ..Default::default()
    };
    let answer: apply_resource_change::Response = client.ask("ApplyResourceChange", request).await;
    assert_eq!(answer.diagnostics, []);
    answer
}

fn name_of(identity: Option<ResourceIdentityData>) -> Value {
    let ty = Type::Object([("name".to_owned(), Type::String)].into());
    unwire(identity.expect("an identity").identity_data, &ty).get("name").clone()
}

#[tokio::test]
async fn an_object_is_found_again_by_its_identity() {
    let (mut client, _provider, _folder) = Client::in_folder().await;
    let schemas: get_resource_identity_schemas::Response =
        client.ask("GetResourceIdentitySchemas", get_resource_identity_schemas::Request {}).await;
    let attributes = &schemas.identity_schemas["files_note"].identity_attributes;
    assert_eq!((attributes[0].name.as_str(), attributes[0].required_for_import), ("name", true));

    let made = make(&mut client, "a").await;
    assert_eq!(name_of(made.new_identity.clone()), Value::from("a"));
    let request = import_resource_state::Request {
        type_name: "files_note".to_owned(),
        identity: made.new_identity,
        ..Default::default()
    };
    let imported: import_resource_state::Response = client.ask("ImportResourceState", request).await;
    assert_eq!(imported.diagnostics, []);
    let imported = imported.imported_resources.into_iter().next().expect("one");
    assert_eq!(unwire(imported.state, &Note::schema().ty()), unwire(made.new_state, &Note::schema().ty()));

    let raw_identity = Some(RawState { json: br#"{"name":"a"}"#.to_vec(), ..Default::default() });
    let request = upgrade_resource_identity::Request { type_name: "files_note".to_owned(), version: 0, raw_identity };
    let upgraded: upgrade_resource_identity::Response = client.ask("UpgradeResourceIdentity", request).await;
    assert_eq!(name_of(upgraded.upgraded_identity), Value::from("a"));
}

#[tokio::test]
async fn objects_are_listed_up_to_a_limit() {
    let (mut client, _provider, folder) = Client::in_folder().await;
    for name in ["b1", "a1", "a2", "a3"] {
        make(&mut client, name).await;
    }
    let request = list_resource::Request {
        type_name: "files_note".to_owned(),
        config: wire::<Query>(&object([("prefix", "a".into())])),
        include_resource_object: true,
        limit: 2,
    };
    let mut events =
        client.stream::<_, list_resource::Event>("/tfplugin6.Provider/ListResource", request.clone()).await;
    let mut names = Vec::new();
    while let Some(event) = events.message().await.expect("no break") {
        assert_eq!(event.diagnostic, []);
        let object = unwire(event.resource_object, &Note::schema().ty());
        assert_eq!(name_of(event.identity), *object.get("name"));
        names.push(event.display_name);
    }
    assert_eq!(names, ["Note a1", "Note a2"]);

    std::fs::write(folder.path().join("a2.note"), "{").expect("a file");
    let mut events = client.stream::<_, list_resource::Event>("/tfplugin6.Provider/ListResource", request).await;
    let mut said = Vec::new();
    while let Some(event) = events.message().await.expect("no break") {
        said.extend(event.diagnostic);
    }
    assert_eq!(said[0].summary, "Damaged note");
}

#[tokio::test]
async fn an_action_tells_how_far_it_got() {
    let (mut client, _provider, folder) = Client::in_folder().await;
    make(&mut client, "a").await;
    let config = wire::<Archive>(&object([("name", "a".into())]));
    let request =
        plan_action::Request { action_type: "files_archive".to_owned(), config: config.clone(), ..Default::default() };
    let planned: plan_action::Response = client.ask("PlanAction", request).await;
    assert_eq!(planned.diagnostics, []);
    assert!(folder.path().join("a.note").exists());

    let request = invoke_action::Request { action_type: "files_archive".to_owned(), config, ..Default::default() };
    let mut events = client.stream::<_, invoke_action::Event>("/tfplugin6.Provider/InvokeAction", request).await;
    let mut told = Vec::new();
    while let Some(event) = events.message().await.expect("no break") {
        told.push(match event.r#type.expect("a type") {
            invoke_action::event::Type::Progress(progress) => progress.message,
            invoke_action::event::Type::Completed(completed) => format!("{} errors", completed.diagnostics.len()),
        });
    }
    assert_eq!(told, ["putting a away", "0 errors"]);
    assert!(!folder.path().join("a.note").exists());
}

#[tokio::test]
async fn an_ephemeral_object_is_renewed_and_closed() {
    let (mut client, _provider, folder) = Client::in_folder().await;
    let lease = || std::fs::read_to_string(folder.path().join("l.lease")).expect("a lease");
    let config = wire::<Lease>(&object([("name", "l".into())]));
    let request =
        open_ephemeral_resource::Request { type_name: "files_lease".to_owned(), config, ..Default::default() };
    let opened: open_ephemeral_resource::Response = client.ask("OpenEphemeralResource", request).await;
    assert!(opened.renew_at.is_some_and(|time| time.seconds > 1_700_000_000));
    assert_eq!(lease(), "open");
    let request = renew_ephemeral_resource::Request { type_name: "files_lease".to_owned(), private: opened.private };
    let renewed: renew_ephemeral_resource::Response = client.ask("RenewEphemeralResource", request).await;
    assert!(renewed.renew_at.is_some());
    assert_eq!(lease(), "renewed");
    let request = close_ephemeral_resource::Request { type_name: "files_lease".to_owned(), private: renewed.private };
    let closed: close_ephemeral_resource::Response = client.ask("CloseEphemeralResource", request).await;
    assert_eq!(closed.diagnostics, []);
    assert_eq!(lease(), "closed");
}

#[tokio::test]
async fn a_generated_configuration_has_only_what_a_person_would_write() {
    let (mut client, _provider, _folder) = Client::in_folder().await;
    let made = make(&mut client, "a").await;
    let request = generate_resource_config::Request { type_name: "files_note".to_owned(), state: made.new_state };
    let answer: generate_resource_config::Response = client.ask("GenerateResourceConfig", request).await;
    let Value::Map(config) = unwire(answer.config, &Note::schema().ty()) else { panic!("an object") };
    let written: Vec<&str> =
        config.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str()).collect();
    assert_eq!(written, ["name"]);
}

#[tokio::test]
async fn what_there_is_and_can_be_done_is_told() {
    let (mut client, _provider, _folder) = Client::in_folder().await;
    assert_eq!(crate::files::plugin().faults(), Vec::<String>::new());
    let schema: get_provider_schema::Response = client.ask("GetProviderSchema", get_provider_schema::Request {}).await;
    let capabilities = schema.server_capabilities.expect("capabilities");
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional && capabilities.move_resource_state);
    assert!(
        schema.action_schemas.contains_key("files_archive") && schema.list_resource_schemas.contains_key("files_note")
    );
    let metadata: get_metadata::Response = client.ask("GetMetadata", get_metadata::Request {}).await;
    assert_eq!(metadata.actions[0].type_name, "files_archive");
    let functions: get_functions::Response = client.ask("GetFunctions", get_functions::Request {}).await;
    assert_eq!(functions.functions["slug"].parameters[0].name, "text");
}
