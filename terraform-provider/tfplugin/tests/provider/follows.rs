//! Objects that follow the provider's configuration, and a client that hears of interrupts.

use std::sync::atomic::{AtomicBool, Ordering};

use tfplugin::proto::*;
use tfplugin::{Change, Computed, Context, Object, Plugin, Provider, Reattach, Resource, Result, Value};

use crate::client::{Client, object, unwire, wire};

/// Whether a client was told of an interrupt. One test alone interrupts.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

#[derive(Object)]
struct Sites {
    owner: String,
}

impl Provider for Sites {
    type Client = String;
    const NAME: &'static str = "sites";

    async fn configure(self) -> Result<String> {
        Ok(self.owner)
    }

    fn stop(_: &String) {
        INTERRUPTED.store(true, Ordering::Relaxed);
    }
}

#[derive(Object)]
struct Page {
    name: String,
    owner: Computed<String>,
    revision: Computed<u64>,
}

impl Resource for Page {
    type Client = String;
    const NAME: &'static str = "page";
    const ALWAYS_PLANNED: bool = true;

    async fn plan(change: &mut Change<Self>, cx: &Context<String>) -> Result<()> {
        let is_so = change.prior().is_some_and(|page| page.owner.known() == Some(&*cx.client));
        if !(change.is_none() && is_so) {
            change.set("owner", String::clone(&cx.client));
            change.open("revision");
        }
        Ok(())
    }

    async fn create(self, _: &Context<String>) -> Result<Self> {
        Ok(Self { revision: 1.into(), ..self })
    }

    async fn read(self, _: &Context<String>) -> Result<Option<Self>> {
        Ok(Some(self))
    }

    async fn delete(self, _: &Context<String>) -> Result<()> {
        Ok(())
    }
}

async fn configured(owner: &str) -> (Client, Reattach) {
    let provider = Reattach::start(Plugin::<Sites>::new().resource::<Page>()).expect("it starts");
    let mut client = Client::plain(provider.socket().to_owned()).await;
    let config = wire::<Sites>(&object([("owner", owner.into())]));
    let request = configure_provider::Request { config, ..Default::default() };
    let answer: configure_provider::Response = client.ask("ConfigureProvider", request).await;
    assert_eq!(answer.diagnostics, []);
    (client, provider)
}

#[tokio::test]
async fn what_follows_the_providers_configuration_changes_with_it() {
    let page = object([("name", "a".into()), ("owner", "ann".into()), ("revision", 1.into())]);
    let request = plan_resource_change::Request {
        type_name: "sites_page".to_owned(),
        prior_state: wire::<Page>(&page),
        proposed_new_state: wire::<Page>(&page),
        config: wire::<Page>(&object([("name", "a".into())])),
        ..Default::default()
    };
    let planned = async |owner: &str| {
        let (mut client, _provider) = configured(owner).await;
        let answer: plan_resource_change::Response = client.ask("PlanResourceChange", request.clone()).await;
        assert_eq!(answer.diagnostics, []);
        unwire(answer.planned_state, &Page::schema().ty())
    };
    assert_eq!(planned("ann").await, page, "nothing changes");
    let changed = planned("bob").await;
    assert_eq!(*changed.get("owner"), Value::from("bob"));
    assert!(changed.get("revision").is_unknown() && *changed.get("name") == Value::from("a"));
}

#[tokio::test]
async fn an_interrupt_reaches_the_client() {
    let (mut client, _provider) = configured("ann").await;
    assert!(!INTERRUPTED.load(Ordering::Relaxed));
    let answer: stop_provider::Response = client.ask("StopProvider", stop_provider::Request {}).await;
    assert_eq!(answer.error, "");
    assert!(INTERRUPTED.load(Ordering::Relaxed));
}
