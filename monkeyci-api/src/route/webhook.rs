use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{DefaultBodyLimit, Path, State as Shared};
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use monkeyci_core::trigger::{self, Forge};
use monkeyci_rest::DeliveryState;
use serde::Serialize;

use super::Routes;
use super::hook::place;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::table::delivery::DeliveryRow;
use crate::table::{delivery, hook};

/// Bytes of the longest body: GitHub sends none that is longer.
const BODY: usize = 25 * 1024 * 1024;

/// What a forge is answered.
#[derive(Debug, Serialize)]
struct Accepted {
    /// The id under which the delivery is kept.
    delivery: String,
}

/// Beside the API: forges call it, and what they send is not ours to describe.
pub(super) fn routes(routes: Routes) -> Routes {
    let receive = post(receive).layer(DefaultBodyLimit::max(BODY));
    routes.beside(axum::Router::new().route("/webhook/{forge}/{key}", receive))
}

/// Takes in a delivery, and answers once it is safe. It is looked at afterwards.
async fn receive(
    Shared(state): Shared<State>,
    Path((forge, key)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<(StatusCode, Json<Accepted>)> {
    let (shared, wanted) = (state.clone(), key.clone());
    let found = state.tables.read(move |sql| {
        let Some(row) = hook::by_key(sql, &wanted)? else { return Ok(None) };
        let place = place(&row.key);
        let mut secrets = Vec::new();
        for sealed in [Some(&row.secret), row.former.as_ref()].into_iter().flatten() {
            match shared.vault.open(sql, &row.org, &place, sealed) {
                Ok(secret) => secrets.push(String::from_utf8_lossy(&secret).into_owned()),
                Err(error) => tracing::error!(%error, "the secret of a webhook does not open"),
            }
        }
        Ok(Some((row, secrets)))
    });
    // Whoever does not know the secret learns nothing, not even whether there is such a webhook.
    let refused =
        || Refusal::new(StatusCode::UNAUTHORIZED, "the delivery is not signed with the secret of a webhook here");
    let (row, secrets) = found.await?.filter(|(row, _)| row.forge == forge).ok_or_else(refused)?;
    let forge: Forge = row.forge.parse().map_err(|_| refused())?;
    let received = now();
    let is_of = |secrets: &[String]| trigger::verify(forge, secrets, &headers, &body, received);
    if let Err(error) = is_of(&secrets) {
        tracing::info!(hook = row.name, repo = %row.repo, %error, "a delivery was refused");
        return Err(refused());
    }
    let with_new = row.former.is_some() && is_of(&secrets[..1]).is_ok();
    let delivery = DeliveryRow {
        id: ulid::Ulid::new().to_string(),
        hook: key,
        delivery_id: trigger::delivery_id(forge, &headers),
        event: event(&headers),
        received,
        headers: kept(&headers),
        body: body.to_vec(),
    };
    let id = delivery.id.clone();
    let known = state.tables.write(move |sql| {
        hook::delivered(sql, &delivery.hook, with_new, received)?;
        delivery::add(sql, &delivery)
    });
    let delivery = match known.await? {
        Ok(()) => {
            state.metrics.delivery(DeliveryState::Received);
            state.delivered.notify_one();
            id
        }
        Err(before) => before,
    };
    Ok((StatusCode::ACCEPTED, Json(Accepted { delivery })))
}

/// The name of the event, as the forge writes it.
fn event(headers: &HeaderMap) -> String {
    let names = ["x-forgejo-event", "x-gitea-event", "x-github-event", "x-gitlab-event", "x-event-key"];
    let name = names.iter().find_map(|name| headers.get(*name)?.to_str().ok());
    name.unwrap_or("unnamed").chars().take(100).collect()
}

/// The headers that are kept: what says what it is about, and nothing that lets anybody in.
fn kept(headers: &HeaderMap) -> BTreeMap<String, String> {
    let is_kept = |name: &str| {
        let says = name.starts_with("x-") || ["content-type", "user-agent", "idempotency-key"].contains(&name);
        let lets_in = ["token", "signature", "secret", "auth", "forwarded", "real-ip"];
        (says || name.starts_with("webhook-")) && !lets_in.iter().any(|word| name.contains(word))
    };
    let pairs = headers.iter().filter(|(name, _)| is_kept(name.as_str()));
    pairs.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned()))).collect()
}
