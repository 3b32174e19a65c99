//! Whether a request is believed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::call::Call;
use crate::service::Covers;
use crate::world::World;

/// How far a date may be off.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// Why a request is not believed, if it is not.
pub(crate) fn verify(world: &World, address: SocketAddr, call: &Call, covers: Covers) -> Result<(), String> {
    if covers == Covers::Nothing {
        return Ok(());
    }
    let header = |name: &str| call.header(name);
    let authorization = header("authorization").ok_or("no authorization")?;
    let said = authorization.strip_prefix("Signature ").ok_or("no signature")?;
    // The order of parameters differs between Oracle's own SDKs.
    let mut given = BTreeMap::new();
    for parameter in said.split("\",") {
        let (name, value) = parameter.split_once("=\"").ok_or("malformed")?;
        if given.insert(name.trim(), value.trim_end_matches('"')).is_some() {
            return Err(format!("{name} twice"));
        }
    }
    let get = |name: &str| given.get(name).copied().ok_or(format!("no {name}"));
    if (get("version")?, get("algorithm")?) != ("1", "rsa-sha256") {
        return Err("algorithm or version".into());
    }
    let now = world.clock.now();
    // Neither does their order mean anything, nor how they are written: Oracle's SDKs differ in both.
    let names: Vec<_> = get("headers")?.split(' ').map(str::to_ascii_lowercase).collect();
    // Who cannot set a date, as in a browser, signs another one.
    let date = if names.iter().any(|name| name == "x-date") { "x-date" } else { "date" };
    check_date(header(date), now)?;
    check_host(world, address, header("host"))?;
    let wanted = wanted(call, covers, date)?;
    let sorted = |mut names: Vec<&str>| {
        names.sort_unstable();
        names.join(" ")
    };
    if sorted(names.iter().map(String::as_str).collect()) != sorted(wanted.clone()) {
        return Err(format!("signed {names:?}, not {wanted:?}"));
    }
    let mut lines = Vec::new();
    for name in &names {
        let value = match name.as_str() {
            "(request-target)" => format!("{} {}", call.method.to_lowercase(), call.target),
            name => header(name).ok_or(format!("no {name}"))?.to_owned(),
        };
        lines.push(format!("{name}: {value}"));
    }
    let key_id = get("keyId")?;
    let key = world.keys.get(key_id).ok_or("unknown key")?;
    if let Some(token) = key_id.strip_prefix("ST$") {
        check_token(token, now)?;
    }
    let signature = STANDARD.decode(get("signature")?).map_err(|_| "signature")?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    key.verify(lines.join("\n").as_bytes(), &signature).map_err(|_| "the signature is another".to_owned())
}

fn check_date(said: Option<&str>, now: SystemTime) -> Result<(), String> {
    let said = said.ok_or("no date")?;
    let date = httpdate::parse_http_date(said).map_err(|_| "no date")?;
    let off = now.duration_since(date).or_else(|_| date.duration_since(now)).unwrap_or_default();
    if off <= SKEW {
        return Ok(());
    }
    let [now, from, to] = [now, now - SKEW, now + SKEW].map(httpdate::fmt_http_date);
    Err(format!(
        "Date '{said}' is not within allowed clock skew. Current '{now}', valid datetime range: ['{from}', '{to}']"
    ))
}

fn check_host(world: &World, address: SocketAddr, said: Option<&str>) -> Result<(), String> {
    let said = said.ok_or("no host")?;
    let is_local = said.strip_prefix("localhost:").is_some_and(|port| port == address.port().to_string());
    if is_local || said == address.to_string() || world.hosts.iter().any(|host| host == said) {
        Ok(())
    } else {
        Err(format!("host {said:?}"))
    }
}

/// The headers that must be signed, once those about the body are right: with this one as the date.
fn wanted(call: &Call, covers: Covers, date: &'static str) -> Result<Vec<&'static str>, String> {
    let mut wanted = vec![date, "(request-target)"];
    if covers != Covers::Federation {
        wanted.push("host");
    }
    if covers != Covers::Head && matches!(call.method.as_str(), "POST" | "PUT" | "PATCH") {
        wanted.extend(["content-length", "content-type", "x-content-sha256"]);
        let length = call.header("content-length");
        if length != Some(call.body.len().to_string().as_str()) {
            return Err(format!("content-length {length:?} of {}", call.body.len()));
        }
        if call.header("x-content-sha256") != Some(STANDARD.encode(digest(&SHA256, &call.body)).as_str()) {
            return Err("x-content-sha256".into());
        }
    }
    Ok(wanted)
}

fn check_token(token: &str, now: SystemTime) -> Result<(), String> {
    let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).ok_or("token")?;
    let claims: Value = serde_json::from_slice(&claims).map_err(|_| "token")?;
    let ends = Duration::from_secs(claims["exp"].as_u64().ok_or("token")?);
    if SystemTime::UNIX_EPOCH + ends < now {
        return Err("The security token has expired".into());
    }
    Ok(())
}
