//! Lists of objects.

use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::time;
use crate::world::World;

use super::object::Object;
use super::{Place, bucket_of};

const PARAMETERS: &[&str] = &["prefix", "start", "end", "limit", "delimiter", "fields", "startAfter"];
const FIELDS: &[&str] = &["name", "size", "etag", "md5", "timeCreated", "timeModified", "storageTier", "archivalState"];

/// The objects of a bucket whose names begin with `within` and with what the caller says.
pub(super) fn objects(world: &mut World, call: &Call, place: &Place, within: &str) -> Answer {
    call.only(PARAMETERS)?;
    let limit = call.number("limit", 1, 1000)?.map_or(1000, |limit| usize::try_from(limit).unwrap_or(1000));
    let fields = call.parameter("fields").unwrap_or_else(|| "name".into());
    let fields: Vec<_> = fields.split(',').map(str::trim).collect();
    if let Some(unknown) = fields.iter().find(|field| !FIELDS.contains(field)) {
        return Err(Refusal::invalid(format!("Invalid field '{unknown}' requested.")));
    }
    let delimiter = call.parameter("delimiter");
    if delimiter.as_deref().is_some_and(|delimiter| delimiter != "/") {
        return Err(Refusal::invalid("The only delimiter that is supported is '/'."));
    }
    let prefix = call.parameter("prefix").unwrap_or_default();
    if !prefix.starts_with(within) {
        return Err(Refusal::missing());
    }
    let (start, end) = (call.parameter("start").unwrap_or_default(), call.parameter("end"));
    let after = call.parameter("startAfter");
    let bucket = bucket_of(world, place)?;
    let (mut found, mut prefixes, mut next) = (Vec::new(), Vec::<String>::new(), None);
    for (name, object) in bucket.objects.range(start..) {
        if !name.starts_with(&prefix) || after.as_ref().is_some_and(|after| name <= after) {
            continue;
        }
        if end.as_ref().is_some_and(|end| name >= end) {
            break;
        }
        let folder = delimiter.as_ref().and_then(|_| name[prefix.len()..].find('/'));
        let folder = folder.map(|at| name[..=prefix.len() + at].to_owned());
        if folder.is_some() && folder.as_ref() == prefixes.last() {
            continue;
        }
        if found.len() + prefixes.len() == limit {
            next = Some(name.clone());
            break;
        }
        match folder {
            Some(folder) => prefixes.push(folder),
            None => found.push(row(name, object, &fields)),
        }
    }
    let mut said = json!({ "objects": found });
    if delimiter.is_some() {
        said["prefixes"] = json!(prefixes);
    }
    if let Some(next) = next {
        said["nextStartWith"] = json!(next);
    }
    Ok(Reply::json(&said))
}

/// What was asked for of an object; its name always.
fn row(name: &str, object: &Object, fields: &[&str]) -> Value {
    let mut row = Map::new();
    row.insert("name".into(), json!(name));
    for field in fields {
        let value = match *field {
            "size" => json!(object.bytes.len()),
            "etag" => json!(object.etag),
            "md5" => json!(object.md5),
            "timeCreated" | "timeModified" => json!(time::text(object.created)),
            "storageTier" => json!("Standard"),
            _ => continue,
        };
        row.insert((*field).into(), value);
    }
    Value::Object(row)
}
