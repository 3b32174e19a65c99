use std::collections::BTreeSet;

use monkeyci_client::rest::{Moment, Recipient, SlackStyle, Subscription};
use serde_json::Value as Json;

use super::hcl::{Block, Value};
use super::{Configuration, filters, list, unless};

impl Configuration {
    /// A subscription; one of a channel of Slack is a resource of its own.
    pub(super) fn subscription(&mut self, org: &str, subscription: &Subscription) {
        let id = format!("{org}/subscription/{}", subscription.name);
        let is_slack = matches!(subscription.body.to, Recipient::Slack { .. });
        let kind = if is_slack { "monkeyci_slack_subscription" } else { "monkeyci_subscription" };
        let name = self.name(kind, &id, &[&subscription.name]);
        self.add(kind, &name, &id, |names, block| {
            let block = block.with("org", names.refer(org)).with("name", Value::text(&subscription.name));
            chosen(told(block, &subscription.body.to), subscription)
        });
    }
}

fn told(block: Block, to: &Recipient) -> Block {
    let one = |kind: &str, fields: Vec<(&str, Value)>| {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Value::Object(vec![(kind.to_owned(), Value::Object(fields))])
    };
    match to {
        Recipient::Webhook { url } => block.with("to", one("webhook", vec![("url", Value::text(url))])),
        Recipient::Mail { to, author, actor } => {
            let fields = [
                ("to", list(to.iter().map(String::as_str))),
                ("author", unless(false, *author)),
                ("actor", unless(false, *actor)),
            ];
            let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            block.with("to", one("mail", fields))
        }
        Recipient::Chat { integration, place } => {
            let fields = vec![("integration", Value::text(integration)), ("place", Value::text(place))];
            block.with("to", one("chat", fields))
        }
        Recipient::Slack { workspace, channel, style } => block
            .with("workspace", Value::text(workspace))
            .with("channel", Value::text(channel))
            .maybe("style", (*style != SlackStyle::default()).then(|| of_style(style))),
    }
}

/// The words are the server's, written as Terraform writes names.
fn of_style(style: &SlackStyle) -> Value {
    let json = serde_json::to_value(style).unwrap_or_default();
    let fields = json.as_object().cloned().unwrap_or_default().into_iter().filter(|(_, value)| !value.is_null());
    let name = |name: &str| match name {
        "logLines" => "log_lines".to_owned(),
        "quietHours" => "quiet_hours".to_owned(),
        name => name.to_owned(),
    };
    Value::Object(fields.map(|(field, value): (String, Json)| (name(&field), Value::of_json(&value))).collect())
}

fn chosen(block: Block, subscription: &Subscription) -> Block {
    let body = &subscription.body;
    let usual: BTreeSet<Moment> = Moment::USUAL.into();
    let on = body.on.iter().map(|moment| Value::text(moment.as_str())).collect();
    block
        .maybe("repos", list(body.repos.iter().map(String::as_str)))
        .maybe("label_filters", filters(&body.label_filters))
        .maybe("refs", list(body.refs.iter().map(String::as_str)))
        .maybe("jobs", list(body.jobs.iter().map(String::as_str)))
        .maybe("actors", list(body.actors.iter().map(String::as_str)))
        .maybe("events", list(body.events.iter().map(|event| event.as_str())))
        .maybe("on", (body.on != usual).then_some(Value::List(on)))
        .maybe("paused", unless(false, body.paused))
}
