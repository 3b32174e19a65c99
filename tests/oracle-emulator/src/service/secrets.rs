//! Secrets, as they are read: the retrieval API of Vault.

use serde_json::json;

use crate::call::Call;
use crate::cloud::Cloud;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::time;
use crate::world::World;

use super::{Service, everything};

const BASE: &str = "/20190301/secretbundles";

pub(crate) const SERVICE: Service = Service {
    name: "secrets",
    owns: |path| path.starts_with(BASE),
    covers: everything,
    answer: |cloud, call| answer(cloud, call),
};

fn answer(cloud: &Cloud, call: &Call) -> Answer {
    let world = cloud.world();
    let segments = call.segments(BASE);
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", [id]) => {
            call.only(&["versionNumber", "stage"])?;
            bundle(&world, call, id)
        }
        ("POST", ["actions", "getByName"]) => {
            call.only(&["secretName", "vaultId", "versionNumber", "stage"])?;
            let name = (call.required("vaultId")?, call.required("secretName")?);
            let id = world.secret_names.get(&name).ok_or_else(Refusal::missing)?.clone();
            bundle(&world, call, &id)
        }
        _ => Err(Refusal::missing()),
    }
}

/// A version of a secret.
fn bundle(world: &World, call: &Call, id: &str) -> Answer {
    let versions = world.secrets.get(id).ok_or_else(Refusal::missing)?;
    let pinned = call.number("versionNumber", 1, u64::MAX)?;
    let number = match (pinned, call.parameter("stage").as_deref()) {
        (Some(number), None) => usize::try_from(number).unwrap_or(usize::MAX),
        (None, None | Some("CURRENT" | "LATEST")) => versions.len(),
        (None, Some("PREVIOUS")) => versions.len().saturating_sub(1),
        (None, Some(stage)) => return Err(Refusal::invalid(format!("unknown stage {stage}"))),
        (Some(_), Some(_)) => return Err(Refusal::invalid("versionNumber and stage exclude each other")),
    };
    let content = number.checked_sub(1).and_then(|index| versions.get(index)).ok_or_else(Refusal::missing)?;
    let stages = if number == versions.len() { json!(["CURRENT", "LATEST"]) } else { json!(["PREVIOUS"]) };
    Ok(Reply::json(&json!({
        "secretId": id, "versionNumber": number, "stages": stages, "metadata": null, "versionName": null,
        "timeCreated": time::text(world.clock.now()), "timeOfDeletion": null, "timeOfExpiry": null,
        "secretBundleContent": { "contentType": "BASE64", "content": content },
    })))
}
