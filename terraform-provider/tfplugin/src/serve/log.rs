//! Logs in the form that Terraform reads: hclog's JSON, line by line on standard error.

use std::env;
use std::fmt::Debug;
use std::io::Write;

use serde_json::{Map, Value as Json, json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Writes what is logged from now on, as far as `TF_LOG_PROVIDER_NAME`, `TF_LOG_PROVIDER` or `TF_LOG` asks for it. Where
/// the program has set up its own logs already, they stay.
pub(super) fn init(provider: &str) {
    let own = format!("TF_LOG_PROVIDER_{}", provider.to_uppercase().replace('-', "_"));
    let wanted = [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"].into_iter().find_map(|name| env::var(name).ok());
    let level = wanted.map_or(LevelFilter::OFF, |wanted| level(&wanted));
    let subscriber = tracing_subscriber::registry().with(Lines { provider: provider.to_owned() }.with_filter(level));
    // An error says that the program has logs of its own.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn level(wanted: &str) -> LevelFilter {
    match wanted.to_uppercase().as_str() {
        "TRACE" | "JSON" => LevelFilter::TRACE,
        "DEBUG" => LevelFilter::DEBUG,
        "INFO" => LevelFilter::INFO,
        "WARN" => LevelFilter::WARN,
        "ERROR" => LevelFilter::ERROR,
        _ => LevelFilter::OFF,
    }
}

struct Lines {
    provider: String,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        // Libraries underneath log bytes of the wire, with secrets among them.
        if *metadata.level() > Level::INFO && !is_ours(metadata.target(), &self.provider) {
            return;
        }
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let level = match *metadata.level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        fields.0.insert("@level".to_owned(), json!(level));
        fields.0.insert("@module".to_owned(), json!(format!("provider.{}", self.provider)));
        fields.0.insert(
            "@timestamp".to_owned(),
            json!(jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()),
        );
        // A log that cannot be written cannot be told of either.
        let _ = writeln!(std::io::stderr().lock(), "{}", Json::Object(fields.0));
    }
}

fn is_ours(target: &str, provider: &str) -> bool {
    let root = target.split("::").next().unwrap_or_default();
    !["h2", "hyper", "hyper_util", "rustls", "tower", "tonic", "tokio", "mio", "reqwest"].contains(&root)
        || root == provider
}

struct Fields(Map<String, Json>);

impl Fields {
    fn put(&mut self, field: &Field, value: Json) {
        let name = if field.name() == "message" { "@message" } else { field.name() };
        self.0.insert(name.to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, json!(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, json!(value));
    }
}
