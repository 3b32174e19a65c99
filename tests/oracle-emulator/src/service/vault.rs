//! Secrets, as they are managed: Vault, API 20180608.

use serde_json::{Value, json};

use crate::call::Call;
use crate::cloud::Cloud;
use crate::page;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, may, need};
use crate::world::World;
use crate::{time, user};

use super::{Service, everything};

const BASE: &str = "/20180608/secrets";

pub(crate) const SERVICE: Service = Service {
    name: "vault",
    owns: |path| path.starts_with(BASE),
    covers: everything,
    answer: |cloud, call| answer(cloud, call),
};

/// What is said of each secret that was made here.
#[derive(Default)]
pub(crate) struct State {
    secrets: Vec<Value>,
}

const CONTENT: Kind = Kind::Tagged(
    "contentType",
    &[(
        "BASE64",
        &[
            need("content", Kind::Base64),
            may("name", Kind::Text(255)),
            may("stage", Kind::OneOf(&["CURRENT", "PENDING"])),
        ],
    )],
);
const CREATE: &[Field] = &[
    need("compartmentId", Kind::Text(255)),
    need("vaultId", Kind::Text(255)),
    need("keyId", Kind::Text(255)),
    need("secretName", Kind::Text(255)),
    may("secretContent", CONTENT),
    may("description", Kind::Text(1024)),
    may("metadata", Kind::Any),
    may("secretRules", Kind::Any),
    may("freeformTags", Kind::Texts),
    may("definedTags", Kind::Any),
];
const UPDATE: &[Field] = &[
    may("secretContent", CONTENT),
    may("currentVersionNumber", Kind::Whole(1, i64::MAX)),
    may("description", Kind::Text(1024)),
    may("metadata", Kind::Any),
    may("freeformTags", Kind::Texts),
    may("definedTags", Kind::Any),
];

fn answer(cloud: &Cloud, call: &Call) -> Answer {
    let mut world = cloud.world();
    let segments = call.segments(BASE);
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    match (call.method.as_str(), segments.as_slice()) {
        ("POST", []) => create(&mut world, call),
        ("GET", []) => {
            call.only(&["compartmentId", "name", "vaultId", "lifecycleState", "limit", "page", "sortBy", "sortOrder"])?;
            call.required("compartmentId")?;
            let (name, vault) = (call.parameter("name"), call.parameter("vaultId"));
            let is = |said: &Value, wanted: &Option<String>| wanted.is_none() || said.as_str() == wanted.as_deref();
            let all = world.services.vault.secrets.iter();
            let all = all.filter(|one| is(&one["secretName"], &name) && is(&one["vaultId"], &vault)).cloned().collect();
            page::array(call, &world.settings, all)
        }
        ("GET", [id]) => shown(&world, id),
        ("PUT", [id]) => {
            let said = call.json(UPDATE)?;
            shown(&world, id)?;
            let content = said["secretContent"]["content"].as_str().map(str::to_owned);
            world.secrets.entry((*id).to_owned()).or_default().extend(content);
            shown(&world, id)
        }
        _ => Err(Refusal::missing()),
    }
}

fn create(world: &mut World, call: &Call) -> Answer {
    let said = call.json(CREATE)?;
    let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    let name = (text("vaultId"), text("secretName"));
    if world.secret_names.contains_key(&name) {
        return Err(Refusal::new(409, "Conflict", format!("There is a secret '{}' in the vault already.", name.1)));
    }
    let id = format!("ocid1.vaultsecret.oc1.{}.{}", world.settings.region, user::id());
    world.secret_names.insert(name, id.clone());
    let content = said["secretContent"]["content"].as_str().map(str::to_owned);
    world.secrets.entry(id.clone()).or_default().extend(content);
    let secret = json!({
        "id": id, "compartmentId": said["compartmentId"], "vaultId": said["vaultId"], "keyId": said["keyId"],
        "secretName": said["secretName"], "description": said["description"], "lifecycleState": "ACTIVE",
        "timeCreated": time::text(world.clock.now()), "freeformTags": {}, "definedTags": {},
    });
    world.services.vault.secrets.push(secret);
    shown(world, &id)
}

fn shown(world: &World, id: &str) -> Answer {
    let secret = world.services.vault.secrets.iter().find(|secret| secret["id"] == id);
    let mut shown = secret.ok_or_else(Refusal::missing)?.clone();
    shown["currentVersionNumber"] = json!(world.secrets.get(id).map_or(0, Vec::len));
    Ok(Reply::json(&shown).header("etag", "1"))
}
