use std::collections::BTreeMap;

use axum::extract::{DefaultBodyLimit, Path, State as Shared};
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use monkeyci_core::trigger::{self, Forge};
use monkeyci_rest::DeliveryState;
use serde::Serialize;
use zeroize::Zeroizing;

use super::Routes;
use crate::extract::Whole;
use crate::hooks::Known;
use crate::json::Json;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::table::delivery::DeliveryRow;
use crate::table::{delivery, hook};

/// Bytes of the longest body: GitHub sends none that is longer.
const BODY: usize = 25 * 1024 * 1024;

/// Bytes of the longest id of a delivery: it is a key, and one that is longer is as good as none.
const LONGEST_ID: usize = 512;

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
    Whole(body): Whole,
) -> Answer<(StatusCode, Json<Accepted>)> {
    let found = match state.hooks.get(&key) {
        Some(known) => Some(known),
        None => {
            let (shared, wanted) = (state.clone(), key.clone());
            state.tables.read(move |sql| shared.hooks.read(&shared.vault, sql, &wanted)).await?
        }
    };
    // Whoever does not know the secret learns nothing, not even whether there is such a webhook.
    let refused =
        || Refusal::new(StatusCode::UNAUTHORIZED, "the delivery is not signed with the secret of a webhook here");
    let known = found.filter(|known| known.row.forge == forge).ok_or_else(refused)?;
    let Known { row, secret, former } = &*known;
    let forge: Forge = row.forge.parse().map_err(|_| refused())?;
    let received = now();
    let is_of = |secrets: &[&Option<Zeroizing<String>>]| {
        let secrets: Vec<&str> = secrets.iter().filter_map(|secret| Some(secret.as_ref()?.as_str())).collect();
        trigger::verify(forge, &secrets, &headers, &body, received)
    };
    if let Err(error) = is_of(&[secret, former]) {
        tracing::info!(hook = row.name, repo = %row.repo, %error, "a delivery was refused");
        return Err(refused());
    }
    let with_new = row.former.is_some() && is_of(&[secret]).is_ok();
    let delivery = DeliveryRow {
        id: crate::random::id(),
        hook: key,
        delivery_id: trigger::delivery_id(forge, &headers).filter(|id| id.len() <= LONGEST_ID),
        event: event(&headers),
        received,
        headers: kept(&headers),
        body: body.to_vec(),
    };
    let id = delivery.id.clone();
    let kept = state.tables.write(move |sql| {
        if with_new {
            hook::rotated(sql, &delivery.hook)?;
        }
        delivery::add(sql, &delivery)
    });
    let kept = kept.await?;
    if with_new {
        state.hooks.forget();
    }
    let delivery = match kept {
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
