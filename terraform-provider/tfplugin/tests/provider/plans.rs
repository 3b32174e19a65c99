//! Plans and states, call by call.

use tfplugin::proto::*;
use tfplugin::{Object, Refinement, Value};

use crate::client::{Client, object, unwire, wire};
use crate::files::Note;

fn note(name: &str) -> Value {
    object([("name", name.into()), ("copies", 1.into()), ("access", "everybody".into())])
}

fn proposal(prior: &Value, proposed: &Value, config: &Value) -> plan_resource_change::Request {
    plan_resource_change::Request {
        type_name: "files_note".to_owned(),
        prior_state: wire::<Note>(prior),
        proposed_new_state: wire::<Note>(proposed),
        config: wire::<Note>(config),
        ..Default::default()
    }
}

#[tokio::test]
async fn what_is_unknown_goes_through_with_all_that_is_known_of_it() {
    let (mut client, _provider, _folder) = Client::in_folder().await;
    let refined = Value::Unknown(Refinement { null: Some(false), prefix: Some("he".to_owned()), ..Default::default() });
    let config = object([("name", "a".into()), ("text", refined.clone())]);
    let answer: plan_resource_change::Response =
        client.ask("PlanResourceChange", proposal(&Value::Null, &config, &config)).await;
    assert_eq!(answer.diagnostics, []);
    let planned = unwire(answer.planned_state, &Note::schema().ty());
    assert_eq!(*planned.get("text"), refined);
    assert_eq!(*planned.get("copies"), Value::from(1), "a default is known");
    assert!(planned.get("revision").is_unknown());
}

#[tokio::test]
async fn private_state_goes_from_plan_to_plan() {
    let (mut client, _provider, _folder) = Client::in_folder().await;
    let config = object([("name", "a".into())]);
    let planned: plan_resource_change::Response =
        client.ask("PlanResourceChange", proposal(&Value::Null, &config, &config)).await;
    let request = apply_resource_change::Request {
        type_name: "files_note".to_owned(),
        prior_state: wire::<Note>(&Value::Null),
        planned_state: planned.planned_state,
        config: wire::<Note>(&config),
        planned_private: planned.planned_private,
        ..Default::default()
    };
    let applied: apply_resource_change::Response = client.ask("ApplyResourceChange", request).await;
    assert_eq!(applied.diagnostics, []);
    assert_eq!(applied.private, br#"{"made_by":"terraform"}"#);
    assert!(applied.new_identity.is_some());
    let state = unwire(applied.new_state, &Note::schema().ty());
    assert!(!state.has_unknown());

    let mut again = proposal(&state, &state, &config);
    again.prior_private.clone_from(&applied.private);
    let again: plan_resource_change::Response = client.ask("PlanResourceChange", again).await;
    assert_eq!(again.planned_private, applied.private);
    assert_eq!(unwire(again.planned_state, &Note::schema().ty()), state);
}

#[tokio::test]
async fn a_removal_may_be_warned_of() {
    let (mut client, _provider, _folder) = Client::in_folder().await;
    let state = object([
        ("name", "a".into()),
        ("copies", 1.into()),
        ("access", "owner_only".into()),
        ("id", "x".into()),
        ("revision", 1.into()),
    ]);
    let answer: plan_resource_change::Response =
        client.ask("PlanResourceChange", proposal(&state, &Value::Null, &Value::Null)).await;
    assert_eq!(answer.diagnostics[0].severity, i32::from(diagnostic::Severity::Warning));
    assert!(unwire(answer.planned_state, &Note::schema().ty()).is_null());
}

#[tokio::test]
async fn write_only_needs_a_terraform_that_knows_it() {
    let (mut client, _provider, _folder) = Client::in_folder().await;
    let config = object([("name", "a".into()), ("secret_wo", "s".into()), ("secret_version", 1.into())]);
    for (allowed, complaints) in [(true, 0), (false, 1)] {
        let client_capabilities =
            Some(ClientCapabilities { write_only_attributes_allowed: allowed, ..Default::default() });
        let config = wire::<Note>(&config);
        let request =
            validate_resource_config::Request { type_name: "files_note".to_owned(), config, client_capabilities };
        let answer: validate_resource_config::Response = client.ask("ValidateResourceConfig", request).await;
        assert_eq!(answer.diagnostics.len(), complaints, "{:?}", answer.diagnostics);
    }
}

#[tokio::test]
async fn nonsense_is_refused_in_words() {
    let (mut client, _provider, _folder) = Client::in_folder().await;
    let nonsense: [Vec<u8>; 6] = [
        vec![0xc1],
        vec![0x81],
        b"\xdd\xff\xff\xff\xff".to_vec(),
        vec![0x91; 100_000],
        vec![0x81, 0xa4, b'n', b'o', b'n', b'e', 0xc0],
        vec![0xc0, 0xc0],
    ];
    for msgpack in nonsense {
        let state = Some(DynamicValue { msgpack: msgpack.clone(), json: Vec::new() });
        let request =
            read_resource::Request { type_name: "files_note".to_owned(), current_state: state, ..Default::default() };
        let answer: read_resource::Response = client.ask("ReadResource", request).await;
        assert_eq!(answer.diagnostics[0].summary, "Value does not fit", "{msgpack:?}");
    }
    let request = read_resource::Request { type_name: "files_unheard_of".to_owned(), ..Default::default() };
    let answer: read_resource::Response = client.ask("ReadResource", request).await;
    assert_eq!(answer.diagnostics[0].detail, "The provider has no resource \"files_unheard_of\".");
    let unheard_of = client.try_ask::<_, Empty>("/tfplugin6.Provider/LockState", Empty {}).await;
    assert_eq!(unheard_of.expect_err("there is none").code(), tonic::Code::Unimplemented);
}

#[tokio::test]
async fn an_unconfigured_provider_says_so() {
    let provider = tfplugin::Reattach::start(crate::files::plugin()).expect("it starts");
    let mut client = Client::plain(provider.socket().to_owned()).await;
    let request = read_resource::Request {
        type_name: "files_note".to_owned(),
        current_state: wire::<Note>(&note("a")),
        ..Default::default()
    };
    let answer: read_resource::Response = client.ask("ReadResource", request).await;
    assert_eq!(answer.diagnostics[0].summary, "Provider is not configured");
}

#[tokio::test]
async fn after_a_stop_nothing_is_read_until_it_is_configured_anew() {
    let (mut client, _provider, folder) = Client::in_folder().await;
    let stopped: stop_provider::Response = client.ask("StopProvider", stop_provider::Request {}).await;
    assert_eq!(stopped.error, "");
    let request = || read_resource::Request {
        type_name: "files_note".to_owned(),
        current_state: wire::<Note>(&note("a")),
        ..Default::default()
    };
    // A read that is done at once may come through all the same; it changes nothing.
    let _: read_resource::Response = client.ask("ReadResource", request()).await;
    client.configure(folder.path().to_str().expect("UTF-8")).await;
    let answer: read_resource::Response = client.ask("ReadResource", request()).await;
    assert_eq!(answer.diagnostics, []);
    assert!(unwire(answer.new_state, &Note::schema().ty()).is_null(), "it is gone");
}
