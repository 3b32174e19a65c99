//! How a server, or whoever runs it, stands with Oracle Cloud.

use oci_signer::{Client, Principal, Signer};
use reqwest::StatusCode;

use super::{Finding, PATIENCE, bad, doubtful, good};
use crate::master_key::oci::OciVault;

/// Seconds that services let a clock be off.
const SKEW: i64 = 5 * 60;

/// Looks who asks, whether their key can be used, and whether Oracle Cloud knows it; and for the secret of the master key,
/// where one is named. What cannot be looked at for what is wrong before it is left out.
pub async fn examine(cloud: &OciVault) -> Vec<Finding> {
    let (principal, region) = match cloud.account().principal().await {
        Ok(found) => found,
        Err(error) => return vec![bad("credentials", error.to_string())],
    };
    let mut found = vec![good("credentials", format!("{}, in {region}", who(&principal, cloud)))];
    let client = match Client::new(Signer::new(principal)) {
        Ok(client) => client,
        Err(error) => return vec![bad("credentials", error.to_string())],
    };
    match client.signer().identity().await {
        Err(error) => {
            found.push(bad("key", error.to_string()));
            return found;
        }
        Ok(identity) => {
            let key = format!("{} bits, {}", identity.key().bits(), identity.key().fingerprint());
            let left = identity.ends().map(|ends| ends.duration_since(client.signer().clock().now()));
            found.push(match left {
                None => good("key", format!("{key}, as it is said")),
                Some(Ok(left)) => good("key", format!("{key}; its token is good for {} minutes", left.as_secs() / 60)),
                Some(Err(_)) => {
                    bad("key", format!("{key}; its token has ended: `oci session authenticate` gets another"))
                }
            });
        }
    }
    // Whoever has signed in may ask for the name of their own storage.
    let domain = oci_signer::realm_domain(&region);
    let base = cloud.endpoint.clone().unwrap_or_else(|| format!("https://objectstorage.{region}.{domain}"));
    found.extend(signature(&client, &format!("{}/n", base.trim_end_matches('/'))).await);
    if cloud.secret.is_some() {
        found.push(super::key_of(cloud).await);
    }
    found
}

/// Who asks, in words for people.
fn who(principal: &Principal, cloud: &OciVault) -> String {
    let profile = &cloud.profile;
    match principal {
        Principal::User(_) => format!("the API key of profile `{profile}`"),
        Principal::Session(_) => format!("the session of profile `{profile}`"),
        Principal::Resource(_) => "the resource that this runs in".into(),
        _ => "the instance that this runs on".into(),
    }
}

/// What comes of a request, and what its answer says of our clock.
async fn signature(client: &Client, url: &str) -> Vec<Finding> {
    let answer = match client.http().get(url).timeout(PATIENCE).build() {
        Ok(request) => client.send(request).await,
        Err(error) => Err(error.into()),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return vec![bad("network", error.to_string())],
    };
    let off = client.signer().clock().behind_by();
    let clock = match off.abs() {
        seconds if seconds >= SKEW => {
            let told = "other programs will be refused: have it set by NTP";
            doubtful("clock", format!("this machine's is {seconds} seconds off; we go by that of Oracle Cloud, {told}"))
        }
        0 => good("clock", "it goes as that of Oracle Cloud does"),
        seconds => doubtful("clock", format!("this machine's is {seconds} seconds off: have it set by NTP")),
    };
    let signature = match answer.status() {
        StatusCode::UNAUTHORIZED => bad(
            "signature",
            "Oracle Cloud does not know this key: is it uploaded for this user, and are tenancy and user right?",
        ),
        status if status.is_server_error() => {
            doubtful("signature", format!("Oracle Cloud answers {status}: try again"))
        }
        _ => good("signature", "Oracle Cloud knows the key"),
    };
    vec![clock, signature]
}
