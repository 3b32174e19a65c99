use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_core::store::StoreError;
use monkeyci_rest::{Match, Notice, NoticeState, Page, Recipient, Role};
use serde::Deserialize;

use super::Routes;
use super::subscription::{find, url};
use crate::audit::Change;
use crate::extract::{At, BuildPath, NoticePath, OrgNamePath, Paging, Query};
use crate::identity::Who;
use crate::json::Json;
use crate::notice::follow::{MOST, happening};
use crate::notice::matching::{judge, moments};
use crate::notice::trial;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::{State, now};
use crate::table::{notice, subscription};

/// Events of a build that are read at once, where the newest that is something to subscribers is looked for.
const PAGE: usize = 256;

/// Which event of a build is meant.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Wanted {
    /// The event's `seq`; the newest that anybody may be told of when it is not said.
    seq: Option<u64>,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let deliveries = "/v1/orgs/{org}/subscriptions/{name}/deliveries";
    let delivery = "/v1/orgs/{org}/subscriptions/{name}/deliveries/{delivery}";
    let again = "/v1/orgs/{org}/subscriptions/{name}/deliveries/{delivery}/redeliver";
    routes
        .add(
            Operation::get(deliveries, "What it was told, newest first").answers::<Page<Notice>>(StatusCode::OK),
            list_deliveries,
        )
        .add(
            Operation::get(delivery, "What it was told, with the body").answers::<Notice>(StatusCode::OK),
            show_delivery,
        )
        .add(Operation::post(again, "Tell it once more").answers::<Notice>(StatusCode::ACCEPTED), redeliver)
        .add(
            Operation::post(
                "/v1/orgs/{org}/subscriptions/{name}/test",
                "Tell it something that has not happened; a mail goes to whoever asks as well, as author and actor",
            )
            .answers::<Vec<Notice>>(StatusCode::ACCEPTED),
            test,
        )
        .add(
            Operation::get(
                "/v1/orgs/{org}/repos/{repo}/builds/{number}/subscriptions",
                "Which subscriptions an event of a build matches, and why",
            )
            .answers::<Vec<Match>>(StatusCode::OK),
            list_matches,
        )
}

async fn list_deliveries(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Notice>>> {
    who.must(&path.org, Role::Maintainer)?;
    let row = find(&state, path).await?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| notice::list(sql, &row.id, cursor.as_deref(), limit)).await?;
    Ok(Json(paging.page(found, |notice| notice.id.clone())))
}

async fn show_delivery(Shared(state): Shared<State>, who: Who, At(path): At<NoticePath>) -> Answer<Json<Notice>> {
    who.must(&path.org, Role::Maintainer)?;
    let row = find(&state, path.subscription()).await?;
    let found = state.tables.read(move |sql| notice::find(sql, &row.id, &path.delivery)).await?;
    found.map(Json).ok_or_else(|| Refusal::not_found("delivery"))
}

async fn redeliver(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<NoticePath>,
) -> Answer<(StatusCode, Json<Notice>)> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let row = find(&state, path.subscription()).await?;
    let object = format!("{}/deliveries/{}", url(&path.subscription()), path.delivery);
    let change = Change::by(known, path.org.as_str(), "subscription/redeliver", object);
    let again = state.tables.write(move |sql| {
        let Some(found) = notice::find(sql, &row.id, &path.delivery)? else { return Ok(None) };
        let time = now();
        notice::again(sql, &found.id, time)?;
        change.write(sql)?;
        Ok(Some(Notice { state: NoticeState::Queued, tries: 0, next: Some(time), note: None, ..found }))
    });
    let notice = again.await?.ok_or_else(|| Refusal::not_found("delivery"))?;
    state.noticed.notify_one();
    Ok((StatusCode::ACCEPTED, Json(notice)))
}

async fn test(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
) -> Answer<(StatusCode, Json<Vec<Notice>>)> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let (change, name) = (Change::by(known, path.org.as_str(), "subscription/test", url(&path)), known.name.clone());
    let row = find(&state, path).await?;
    let integration = match &row.body.to {
        Recipient::Chat { integration, .. } => Some(integration.as_str()),
        Recipient::Slack { .. } => Some("the Slack app"),
        Recipient::Webhook { .. } | Recipient::Mail { .. } => None,
    };
    if let Some(integration) = integration {
        return Err(Refusal::conflict(format!(
            "what is told in chats is sent by {integration}, which has a test of its own"
        )));
    }
    let shared = state.clone();
    let noted = state.tables.write(move |sql| {
        let ids = trial::test(sql, &shared, &row, &name)?;
        if !ids.is_empty() {
            change.write(sql)?;
        }
        let mut shown = |id: &String| Ok(notice::find(sql, &row.id, id)?.map(|notice| Notice { body: None, ..notice }));
        ids.iter().filter_map(|id| shown(id).transpose()).collect::<Result<Vec<_>, StoreError>>()
    });
    let noted = noted.await?;
    if noted.is_empty() {
        let why =
            "nobody would be written to: it names no address that wants it, and no provider has verified one of yours";
        return Err(Refusal::conflict(why));
    }
    state.noticed.notify_one();
    Ok((StatusCode::ACCEPTED, Json(noted)))
}

async fn list_matches(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<BuildPath>,
    Query(wanted): Query<Wanted>,
) -> Answer<Json<Vec<Match>>> {
    who.must(&path.org, Role::Viewer)?;
    who.may_see(&state, &path.repo()).await?;
    let id = path.id();
    let mut found = None;
    let mut after = wanted.seq.map_or(0, |seq| seq.saturating_sub(1));
    loop {
        let events = state.store.events(&id, after, if wanted.seq.is_some() { 1 } else { PAGE }).await?;
        let Some(last) = events.last().map(|event| event.seq) else { break };
        let newest = events
            .into_iter()
            .rfind(|event| wanted.seq.map_or_else(|| !moments(&event.kind, None).is_empty(), |seq| event.seq == seq));
        found = newest.or(found);
        if wanted.seq.is_some() {
            break;
        }
        after = last;
    }
    let Some(event) = found else {
        return match wanted.seq {
            Some(_) => Err(Refusal::not_found("event")),
            None => Ok(Json(Vec::new())),
        };
    };
    let judged = state.tables.read(move |sql| {
        let Some((_, happening)) = happening(sql, &event)? else { return Ok(None) };
        let rows = subscription::list(sql, &path.org, None, MOST)?;
        let all = rows.into_iter().map(|row| {
            let (on, why) = match judge(&row.body, &happening) {
                Ok((on, why)) => (Some(on), why),
                Err(why) => (None, why),
            };
            // An address of a webhook may be good for whoever knows it.
            let to = row.body.to.is_elsewhere().then_some(row.body.to);
            Match { subscription: row.name, to, on, why }
        });
        Ok(Some(all.collect::<Vec<_>>()))
    });
    judged.await?.map(Json).ok_or_else(|| Refusal::not_found("build"))
}
