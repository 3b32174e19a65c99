//! The service that gives instances their tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::call::Call;
use crate::cloud::Cloud;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::user::{TENANCY, token_at};

use super::{Covers, Service};

pub(crate) const SERVICE: Service = Service {
    name: "federation",
    owns: |path| path == "/v1/x509",
    covers: |_| Covers::Federation,
    answer: |cloud, call| answer(cloud, call),
};

/// Gives an instance a token for the key that it sends.
fn answer(cloud: &Cloud, call: &Call) -> Answer {
    let mut world = cloud.world();
    let said: Value = serde_json::from_slice(&call.body).map_err(|_| Refusal::invalid("no JSON"))?;
    let body_of = |pem: &String| pem.lines().filter(|line| !line.starts_with("-----")).collect::<String>();
    let leaf = world.metadata.get("identity/cert.pem").map(body_of);
    let above = world.metadata.get("identity/intermediate.pem").map(body_of);
    if said["certificate"].as_str() != leaf.as_deref() || said["intermediateCertificates"] != json!([above]) {
        return Err(Refusal::invalid("certificate"));
    }
    let public = said["publicKey"].as_str().and_then(|key| STANDARD.decode(key).ok());
    let public = public.ok_or_else(|| Refusal::invalid("key"))?;
    // Another each time, also when the certificate was changed and all before are forgotten.
    world.tokens += 1;
    let lasts = i64::try_from(world.settings.token_seconds).unwrap_or(i64::MAX);
    let token = token_at(cloud.clock.now(), lasts, &world.tokens.to_string(), TENANCY, TENANCY);
    world.keys.insert(format!("ST${token}"), public);
    Ok(Reply::json(&json!({ "token": token })))
}
