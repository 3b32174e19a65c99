use flate2::read::GzDecoder;
use monkeyci_core::script;
use serde_json::{Map, Value};

use crate::error::{CliError, Exit};

/// Print the JSON Schemas of what MonkeyCI reads and writes
///
/// Without a name, all of them in one object, by name.
#[derive(Debug, clap::Args)]
pub struct SchemaArgs {
    /// Which schema; `--list` names them
    name: Option<String>,
    /// Name the schemas
    #[arg(long, conflicts_with = "name")]
    list: bool,
}

/// Those of `monkeyci-model`, by name.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/schemas.json.gz"));

/// Prints one schema or all of them.
pub fn run(args: &SchemaArgs) -> Result<Exit, CliError> {
    let mut schemas: Map<String, Value> =
        serde_json::from_reader(GzDecoder::new(PACKED)).map_err(|error| CliError::ours(error.to_string()))?;
    schemas.insert("script".into(), script::schema());
    if args.list {
        let names: String = schemas.keys().map(|name| format!("{name}\n")).collect();
        return super::print(&names);
    }
    let value = match &args.name {
        None => Value::Object(schemas),
        Some(name) => schemas.get(name).cloned().ok_or_else(|| unknown(name, &schemas))?,
    };
    let text = serde_json::to_string_pretty(&value).map_err(|error| CliError::ours(error.to_string()))?;
    super::print(&format!("{text}\n"))
}

fn unknown(name: &str, schemas: &Map<String, Value>) -> CliError {
    let known: Vec<_> = schemas.keys().map(String::as_str).collect();
    CliError::usage(format!("there is no schema `{name}`")).hint(format!("the schemas are {}", known.join(", ")))
}
