use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_core::model::{OrgId, RepoId};
use monkeyci_core::trigger::Forge;
use monkeyci_rest::{Delivery, DeliveryState, Hook, HookSecret, NewHook, NewSecret, Page, Role};

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, DeliveryPath, HookPath, Paging, Query, RepoPath};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::random;
use crate::state::{State, now};
use crate::table::hook::{HookRow, place};
use crate::table::{delivery, hook};

/// Bytes of the shortest secret that somebody may choose.
const SHORTEST: usize = 16;

pub(super) fn routes(routes: Routes) -> Routes {
    let all = "/v1/orgs/{org}/repos/{repo}/hooks";
    let one = "/v1/orgs/{org}/repos/{repo}/hooks/{hook}";
    let rotate = "/v1/orgs/{org}/repos/{repo}/hooks/{hook}/rotate";
    let deliveries = "/v1/orgs/{org}/repos/{repo}/hooks/{hook}/deliveries";
    let one_delivery = "/v1/orgs/{org}/repos/{repo}/hooks/{hook}/deliveries/{delivery}";
    let again = "/v1/orgs/{org}/repos/{repo}/hooks/{hook}/deliveries/{delivery}/redeliver";
    routes
        .add(Operation::get(all, "Webhooks of a repository").answers::<Page<Hook>>(StatusCode::OK), list_hooks)
        .add(
            Operation::post(all, "Make a webhook; its secret is told this once")
                .answers::<HookSecret>(StatusCode::CREATED),
            create_hook,
        )
        .add(Operation::get(one, "A webhook").answers::<Hook>(StatusCode::OK), show_hook)
        .add(Operation::delete(one, "Remove a webhook and its deliveries"), delete_hook)
        .add(
            Operation::post(rotate, "Give it another secret; the former stays good until the new one was used")
                .answers::<HookSecret>(StatusCode::OK),
            rotate_hook,
        )
        .add(
            Operation::get(deliveries, "What it delivered, newest first").answers::<Page<Delivery>>(StatusCode::OK),
            list_deliveries,
        )
        .add(
            Operation::get(one_delivery, "A delivery with its headers and body").answers::<Delivery>(StatusCode::OK),
            show_delivery,
        )
        .add(Operation::post(again, "Look at a delivery again").answers::<Delivery>(StatusCode::ACCEPTED), redeliver)
}

pub(super) fn shown(state: &State, row: &HookRow) -> Hook {
    Hook {
        name: row.name.clone(),
        forge: row.forge.clone(),
        url: format!("{}/webhook/{}/{}", state.url, row.forge, row.key),
        rotating: row.former.is_some(),
        last_delivery: row.last,
        created: row.created,
    }
}

async fn find(state: &State, path: &HookPath) -> Answer<HookRow> {
    let path = path.clone();
    let found = state.tables.read(move |sql| hook::find(sql, &path.org, &path.repo, &path.hook)).await?;
    found.ok_or_else(|| Refusal::not_found("webhook"))
}

async fn list_hooks(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Hook>>> {
    who.must_in(&state, &path, Role::Maintainer).await?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| hook::list(sql, &path.org, &path.repo, cursor.as_deref(), limit));
    let found = found.await?.iter().map(|row| shown(&state, row)).collect();
    Ok(Json(paging.page(found, |hook: &Hook| hook.name.clone())))
}

async fn create_hook(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RepoPath>,
    body: Body<NewHook>,
) -> Answer<(StatusCode, Json<HookSecret>)> {
    let (_, known) = who.must_in(&state, &path, Role::Maintainer).await?;
    let body = body.read()?;
    if let Err(error) = body.forge.parse::<Forge>() {
        return Err(Refusal::field("/forge", error.to_string()));
    }
    let name = body.name.unwrap_or_else(|| body.forge.clone());
    if RepoId::new(&name).is_err() {
        return Err(Refusal::field("/name", "a name has up to 100 letters, digits and `_.-`"));
    }
    check_secret(body.secret.as_deref())?;
    let is_given = body.secret.is_some();
    let secret = body.secret.unwrap_or_else(random::word);
    let (key, forge, url) = (random::word(), body.forge, format!("{}/hooks/{name}", path.url()));
    let change = Change::by(known, path.org.as_str(), "hook/create", url);
    let sealed = seal(&state, &path.org, &key, &secret).await?;
    let RepoPath { org, repo } = path;
    let row = HookRow { key, org, repo, name, forge, secret: sealed, former: None, created: now(), last: None };
    let kept = row.clone();
    let added = state.tables.write(move |sql| {
        let added = hook::add(sql, &kept)?;
        if added {
            change.write(sql)?;
        }
        Ok(added)
    });
    if !added.await? {
        let same = if is_given { same(&state, &row, &secret).await? } else { None };
        let taken = || Refusal::conflict(format!("there is a webhook `{}` already", row.name));
        return Ok((StatusCode::OK, Json(HookSecret { hook: same.ok_or_else(taken)?, secret })));
    }
    Ok((StatusCode::CREATED, Json(HookSecret { hook: shown(&state, &row), secret })))
}

/// Refuses a secret that somebody might guess.
fn check_secret(given: Option<&str>) -> Answer<()> {
    match given {
        Some(secret) if secret.len() < SHORTEST => {
            Err(Refusal::field("/secret", format!("a secret has at least {SHORTEST} bytes")))
        }
        _ => Ok(()),
    }
}

/// The webhook that is there already, where it is the one that is asked for, down to its secret: it was asked for twice,
/// because the first answer was lost.
async fn same(state: &State, wanted: &HookRow, secret: &str) -> Answer<Option<Hook>> {
    let (shared, wanted, secret) = (state.clone(), wanted.clone(), secret.to_owned());
    let found = state.tables.read(move |sql| {
        let HookRow { org, repo, name, forge, .. } = &wanted;
        let Some(there) = hook::find(sql, org, repo, name)?.filter(|there| there.forge == *forge) else {
            return Ok(None);
        };
        let opened = shared.vault.open(sql, org, &place(&there.key), &there.secret);
        let is_same =
            opened.is_ok_and(|own| hmac_sha256::Hash::hash(&own) == hmac_sha256::Hash::hash(secret.as_bytes()));
        Ok(is_same.then_some(there))
    });
    Ok(found.await?.map(|there| shown(state, &there)))
}

async fn seal(state: &State, org: &OrgId, key: &str, secret: &str) -> Answer<Vec<u8>> {
    let (shared, org, place, secret) = (state.clone(), org.clone(), place(key), secret.to_owned());
    let sealed = state.tables.write(move |sql| Ok(shared.vault.seal(sql, &org, &place, secret.as_bytes())));
    sealed.await?.map_err(|error| {
        tracing::error!(%error, "a secret cannot be sealed");
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server's master key does not fit its database")
    })
}

async fn show_hook(Shared(state): Shared<State>, who: Who, At(path): At<HookPath>) -> Answer<Json<Hook>> {
    who.must_in(&state, &path.repo(), Role::Maintainer).await?;
    find(&state, &path).await.map(|row| Json(shown(&state, &row)))
}

async fn delete_hook(Shared(state): Shared<State>, who: Who, At(path): At<HookPath>) -> Answer<StatusCode> {
    let (_, known) = who.must_in(&state, &path.repo(), Role::Maintainer).await?;
    let url = format!("{}/hooks/{}", path.repo().url(), path.hook);
    let change = Change::by(known, path.org.as_str(), "hook/delete", url);
    let removed = state.tables.write(move |sql| {
        let removed = hook::remove(sql, &path.org, &path.repo, &path.hook)?;
        if removed {
            change.write(sql)?;
        }
        Ok(removed)
    });
    let removed = removed.await?;
    state.hooks.forget();
    removed.then_some(StatusCode::NO_CONTENT).ok_or_else(|| Refusal::not_found("webhook"))
}

async fn rotate_hook(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<HookPath>,
    body: Body<NewSecret>,
) -> Answer<Json<HookSecret>> {
    let (_, known) = who.must_in(&state, &path.repo(), Role::Maintainer).await?;
    let given = body.read()?.secret;
    check_secret(given.as_deref())?;
    let row = find(&state, &path).await?;
    if let Some(secret) = &given
        && let Some(hook) = same(&state, &row, secret).await?
    {
        return Ok(Json(HookSecret { hook, secret: secret.clone() }));
    }
    let secret = given.unwrap_or_else(random::word);
    let sealed = seal(&state, &path.org, &row.key, &secret).await?;
    let url = format!("{}/hooks/{}", path.repo().url(), path.hook);
    let change = Change::by(known, path.org.as_str(), "hook/rotate", url);
    let key = row.key.clone();
    state
        .tables
        .write(move |sql| {
            change.write(sql)?;
            hook::rotate(sql, &key, &sealed)
        })
        .await?;
    state.hooks.forget();
    let hook = Hook { rotating: true, ..shown(&state, &row) };
    Ok(Json(HookSecret { hook, secret }))
}

async fn list_deliveries(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<HookPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Delivery>>> {
    who.must_in(&state, &path.repo(), Role::Maintainer).await?;
    let row = find(&state, &path).await?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| delivery::list(sql, &row.key, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |delivery| delivery.id.clone())))
}

async fn show_delivery(Shared(state): Shared<State>, who: Who, At(path): At<DeliveryPath>) -> Answer<Json<Delivery>> {
    who.must_in(&state, &path.hook().repo(), Role::Maintainer).await?;
    let row = find(&state, &path.hook()).await?;
    let found = state.tables.read(move |sql| delivery::find(sql, &row.key, &path.delivery)).await?;
    found.map(|(delivery, _)| Json(delivery)).ok_or_else(|| Refusal::not_found("delivery"))
}

async fn redeliver(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<DeliveryPath>,
) -> Answer<(StatusCode, Json<Delivery>)> {
    let (_, known) = who.must_in(&state, &path.hook().repo(), Role::Maintainer).await?;
    let row = find(&state, &path.hook()).await?;
    let object = format!("{}/hooks/{}/deliveries/{}", path.hook().repo().url(), path.hook, path.delivery);
    let change = Change::by(known, path.org.as_str(), "delivery/redeliver", object);
    let again = state.tables.write(move |sql| {
        let Some((found, _)) = delivery::find(sql, &row.key, &path.delivery)? else { return Ok(None) };
        delivery::settle(sql, &found.id, DeliveryState::Received, None, &[])?;
        change.write(sql)?;
        Ok(Some(Delivery { state: DeliveryState::Received, message: None, builds: Vec::new(), ..found }))
    });
    let delivery = again.await?.ok_or_else(|| Refusal::not_found("delivery"))?;
    state.delivered.notify_one();
    Ok((StatusCode::ACCEPTED, Json(delivery)))
}
