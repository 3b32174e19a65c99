//! What a provider's author gets wrong costs one object, and not the others.

use tfplugin::proto::*;
use tfplugin::{Computed, Context, Object, Plugin, Provider, Reattach, Resource, Result, Secret, Set, Value};

use crate::client::{Client, object, unwire, wire};

#[derive(Object)]
struct Odd {}

impl Provider for Odd {
    type Client = ();
    const NAME: &'static str = "odd";

    async fn configure(self) -> Result<()> {
        Ok(())
    }
}

/// Goes wrong in the way that it is told to.
#[derive(Object)]
struct Thing {
    way: String,
    made: Computed<String>,
}

impl Resource for Thing {
    type Client = ();
    const NAME: &'static str = "thing";

    async fn create(self, _: &Context<()>) -> Result<Self> {
        assert!(self.way != "panic", "the way of {} is wrong", self.way);
        Ok(self)
    }

    async fn read(self, _: &Context<()>) -> Result<Option<Self>> {
        std::future::pending().await
    }

    async fn delete(self, _: &Context<()>) -> Result<()> {
        panic!("it does not go")
    }
}

async fn begin() -> (Client, Reattach) {
    let provider = Reattach::start(Plugin::<Odd>::new().resource::<Thing>()).expect("it starts");
    let mut client = Client::plain(provider.socket().to_owned()).await;
    let request = configure_provider::Request { config: wire::<Odd>(&object([])), ..Default::default() };
    let configured: configure_provider::Response = client.ask("ConfigureProvider", request).await;
    assert_eq!(configured.diagnostics, []);
    (client, provider)
}

async fn apply(client: &mut Client, prior: &Value, planned: &Value) -> (Value, String) {
    let request = apply_resource_change::Request {
        type_name: "odd_thing".to_owned(),
        prior_state: wire::<Thing>(prior),
        planned_state: wire::<Thing>(planned),
        config: wire::<Thing>(&Value::Null),
        ..Default::default()
    };
    let answer: apply_resource_change::Response = client.ask("ApplyResourceChange", request).await;
    let said = answer.diagnostics.into_iter().map(|said| format!("{}: {}", said.summary, said.detail)).collect();
    (unwire(answer.new_state, &Thing::schema().ty()), said)
}

#[tokio::test]
async fn a_panic_is_an_error_of_its_object_and_loses_nothing() {
    let (mut client, _provider) = begin().await;
    let thing = |way: &str, made: Value| object([("way", way.into()), ("made", made)]);
    let (state, said) = apply(&mut client, &Value::Null, &thing("panic", Value::UNKNOWN)).await;
    assert!(state.is_null() && said.starts_with("Provider has panicked"), "{said}");
    let there = thing("any", "x".into());
    let (state, said) = apply(&mut client, &there, &Value::Null).await;
    assert!(state == there && said.starts_with("Provider has panicked"), "{said}");
}

#[tokio::test]
async fn an_incomplete_answer_is_kept_as_far_as_it_goes() {
    let (mut client, _provider) = begin().await;
    let planned = object([("way", "any".into()), ("made", Value::UNKNOWN)]);
    let (state, said) = apply(&mut client, &Value::Null, &planned).await;
    assert_eq!(*state.get("way"), Value::from("any"));
    assert!(said.contains("`made` is still not known"), "{said}");
}

#[tokio::test]
async fn an_interrupt_ends_what_changes_nothing() {
    let (mut client, provider) = begin().await;
    let mut other = Client::plain(provider.socket().to_owned()).await;
    let state = wire::<Thing>(&object([("way", "any".into()), ("made", "x".into())]));
    let request =
        read_resource::Request { type_name: "odd_thing".to_owned(), current_state: state, ..Default::default() };
    let reading = client.ask::<_, read_resource::Response>("ReadResource", request);
    let stopping = other.ask::<_, stop_provider::Response>("StopProvider", stop_provider::Request {});
    let (read, _) = tokio::join!(reading, stopping);
    assert_eq!(read.diagnostics[0].summary, "Interrupted");
    assert_eq!(*unwire(read.new_state, &Thing::schema().ty()).get("made"), Value::from("x"), "the state stays");
}

/// What Terraform would refuse or misunderstand.
#[derive(Object)]
struct Faulty {
    #[attribute(write_only)]
    must: Secret,
    #[attribute(keeps)]
    kept: Option<String>,
    #[attribute(default = "text")]
    number: i64,
    count: Option<String>,
    set: Option<Set<Inner>>,
}

#[derive(Object)]
struct Inner {
    #[attribute(write_only)]
    secret_wo: Option<Secret>,
    #[attribute(default = 1)]
    size: i64,
}

#[test]
fn a_faulty_schema_is_found_out() {
    assert_eq!(
        Faulty::schema().faults(),
        [
            "`count` is a name of Terraform's own",
            "`must` is write-only and must be an `Option`, without a default",
            "`kept` `keeps` what nobody computes",
            "`number` has a default of another type",
            "`set.secret_wo` is write-only and inside a set, whose elements have no place",
            "`set.size` has a default inside a set, where it may make two elements one",
        ]
    );
}
