use axum::Json;
use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::store::Sql;
use monkeyci_rest::{Match, Notice, NoticeState, Page, Recipient, Role, Subscription, SubscriptionBody};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, BuildPath, NoticePath, OrgNamePath, OrgPath, Paging, Query, check_filters, check_name};
use crate::identity::Who;
use crate::mail;
use crate::notice::follow::{MOST, happening};
use crate::notice::matching::{glob_of, judge, moments};
use crate::notice::{sign, trial};
use crate::openapi::Operation;
use crate::outward;
use crate::problem::{Answer, Refusal};
use crate::revision::{matches, tagged};
use crate::state::{State, now};
use crate::table::subscription::{SubscriptionRow, place};
use crate::table::{notice, org, subscription};

/// Globs of the longest list.
const GLOBS: usize = 100;

/// Addresses of one subscription.
const ADDRESSES: usize = 20;

/// Bytes of the longest glob, and of the longest word of a chat.
const LONGEST: usize = 200;

/// Events of a build that are read at once, where the newest that is something to subscribers is looked for.
const PAGE: usize = 256;

/// Which event of a build is meant.
#[derive(Debug, Default, Deserialize, JsonSchema)]
struct Wanted {
    /// The event's `seq`; the newest that anybody may be told of when it is not said.
    seq: Option<u64>,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let (all, one) = ("/v1/orgs/{org}/subscriptions", "/v1/orgs/{org}/subscriptions/{name}");
    let deliveries = "/v1/orgs/{org}/subscriptions/{name}/deliveries";
    let delivery = "/v1/orgs/{org}/subscriptions/{name}/deliveries/{delivery}";
    let again = "/v1/orgs/{org}/subscriptions/{name}/deliveries/{delivery}/redeliver";
    routes
        .add(
            Operation::get(all, "Who is told of what happens in builds").answers::<Page<Subscription>>(StatusCode::OK),
            list_subscriptions,
        )
        .add(Operation::get(one, "A subscription").answers::<Subscription>(StatusCode::OK), show_subscription)
        .add(
            Operation::put(one, "Make or change a subscription; a new webhook's secret is told this once")
                .keeps::<Subscription>(),
            put_subscription,
        )
        .add(Operation::delete(one, "Remove a subscription"), delete_subscription)
        .add(
            Operation::post(
                "/v1/orgs/{org}/subscriptions/{name}/rotate",
                "Give a webhook another secret; for a day both sign",
            )
            .answers::<Subscription>(StatusCode::OK),
            rotate,
        )
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

fn missing() -> Refusal {
    Refusal::not_found("subscription")
}

fn url(path: &OrgNamePath) -> String {
    format!("/v1/orgs/{}/subscriptions/{}", path.org, path.name)
}

async fn list_subscriptions(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgPath>,
    Query(paging): Query<Paging>,
) -> Answer<Json<Page<Subscription>>> {
    who.must(&path.org, Role::Maintainer)?;
    let (cursor, limit) = (paging.cursor.clone(), paging.limit() + 1);
    let found = state.tables.read(move |sql| subscription::list(sql, &path.org, cursor.as_deref(), limit)).await?;
    let shown = found.into_iter().map(|row| row.shown(None, now())).collect();
    Ok(Json(paging.page(shown, |subscription: &Subscription| subscription.name.clone())))
}

async fn find(state: &State, path: OrgNamePath) -> Answer<SubscriptionRow> {
    let found = state.tables.read(move |sql| subscription::find(sql, &path.org, &path.name)).await?;
    found.ok_or_else(missing)
}

async fn show_subscription(Shared(state): Shared<State>, who: Who, At(path): At<OrgNamePath>) -> Answer<Response> {
    who.must(&path.org, Role::Maintainer)?;
    let row = find(&state, path).await?;
    Ok(tagged(StatusCode::OK, row.revision, row.shown(None, now())))
}

async fn put_subscription(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    headers: HeaderMap,
    body: Body<SubscriptionBody>,
) -> Answer<Response> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let body = body.read()?;
    check_name(&path.name)?;
    check(&state, &body)?;
    let change = Change::by(known, path.org.as_str(), "subscription/put", url(&path));
    let shared = state.clone();
    let put = state.tables.write(move |sql| {
        if org::find(sql, &path.org)?.is_none() {
            return Ok(Err(Refusal::not_found("organisation")));
        }
        let there = subscription::find(sql, &path.org, &path.name)?;
        if let Err(refusal) = matches(&headers, there.as_ref().map(|row| row.revision)) {
            return Ok(Err(refusal));
        }
        if there.is_none() && subscription::count(sql, &path.org)? >= MOST {
            return Ok(Err(Refusal::conflict(format!("an organisation has up to {MOST} subscriptions"))));
        }
        let is_new = there.is_none();
        let time = now();
        let row = match there {
            Some(row) if row.body == body => return Ok(Ok((is_new, row.shown(None, time)))),
            Some(row) => SubscriptionRow { body, updated: time, revision: row.revision + 1, ..row },
            None => SubscriptionRow {
                id: crate::random::id(),
                org: path.org.clone(),
                name: path.name.clone(),
                body,
                secret: None,
                former: None,
                created: time,
                updated: time,
                revision: 1,
            },
        };
        let is_webhook = matches!(row.body.to, Recipient::Webhook { .. });
        let (row, secret) = match is_webhook && row.secret.is_none() {
            true => match with_secret(&shared, sql, row) {
                Ok((row, secret)) => (row, Some(secret)),
                Err(refusal) => return Ok(Err(refusal)),
            },
            false => (row, None),
        };
        subscription::put(sql, &row)?;
        change.write(sql)?;
        Ok(Ok((is_new, row.shown(secret, time))))
    });
    let (is_new, shown) = put.await??;
    Ok(tagged(if is_new { StatusCode::CREATED } else { StatusCode::OK }, shown.revision, shown))
}

/// The subscription with a new secret, and that secret.
fn with_secret(state: &State, sql: &mut dyn Sql, row: SubscriptionRow) -> Answer<(SubscriptionRow, String)> {
    let secret = sign::secret();
    let sealed = state.vault.seal(sql, &row.org, &place(&row.id), secret.as_bytes()).map_err(|error| {
        tracing::error!(%error, "a secret cannot be sealed");
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server's master key does not fit its database")
    })?;
    let former = row.secret.map(|former| (former, now()));
    Ok((SubscriptionRow { secret: Some(sealed), former, ..row }, secret.to_string()))
}

pub(super) fn check(state: &State, body: &SubscriptionBody) -> Answer<()> {
    match &body.to {
        Recipient::Webhook { url } => {
            outward::check_url(url, state.launcher.sources()).map_err(|why| Refusal::field("/to/webhook/url", why))?;
        }
        Recipient::Mail { to, author, actor } => check_mail(state, to, *author || *actor)?,
        Recipient::Chat { integration, place } => {
            if check_name(integration).is_err() {
                return Err(Refusal::field("/to/chat/integration", "the name of an integration, as `slack`"));
            }
            if place.is_empty() || place.len() > LONGEST || place.chars().any(char::is_control) {
                return Err(Refusal::field("/to/chat/place", format!("1 to {LONGEST} bytes, as `T1/C123`")));
            }
        }
    }
    check_filters(&body.label_filters)?;
    let lists = [("repos", &body.repos), ("refs", &body.refs), ("jobs", &body.jobs), ("actors", &body.actors)];
    for (field, globs) in lists {
        if globs.len() > GLOBS {
            return Err(Refusal::field(&format!("/{field}"), format!("up to {GLOBS} globs")));
        }
        for (index, glob) in globs.iter().enumerate() {
            let pointer = format!("/{field}/{index}");
            if glob.len() > LONGEST || glob.trim_start_matches('!').is_empty() {
                return Err(Refusal::field(&pointer, format!("a glob has 1 to {LONGEST} bytes")));
            }
            if let Err(error) = glob_of(glob) {
                return Err(Refusal::field(&pointer, format!("no glob: {}", error.kind())));
            }
        }
    }
    Ok(())
}

fn check_mail(state: &State, to: &[String], is_anybody: bool) -> Answer<()> {
    let Some(mailer) = &state.mailer else {
        return Err(Refusal::field("/to/mail", "this server has no mail server; who runs it sets `[mail]`"));
    };
    if to.is_empty() && !is_anybody {
        return Err(Refusal::field("/to/mail/to", "an address, or `author` or `actor`: nobody would be written to"));
    }
    if to.len() > ADDRESSES {
        return Err(Refusal::field(
            "/to/mail/to",
            format!("up to {ADDRESSES} addresses; a list at your mail server takes more"),
        ));
    }
    for (index, named) in to.iter().enumerate() {
        let refused = |why: String| Refusal::field(&format!("/to/mail/to/{index}"), why);
        let named = mail::address(named).map_err(refused)?;
        if !mailer.may_name(&named) {
            return Err(refused("its domain is none that this server lets subscriptions name".into()));
        }
    }
    Ok(())
}

async fn delete_subscription(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let change = Change::by(known, path.org.as_str(), "subscription/delete", url(&path));
    let removed = state.tables.write(move |sql| {
        let Some(there) = subscription::find(sql, &path.org, &path.name)? else { return Ok(Err(missing())) };
        if let Err(refusal) = matches(&headers, Some(there.revision)) {
            return Ok(Err(refusal));
        }
        subscription::remove(sql, &there.id)?;
        change.write(sql)?;
        Ok(Ok(StatusCode::NO_CONTENT))
    });
    removed.await?
}

async fn rotate(Shared(state): Shared<State>, who: Who, At(path): At<OrgNamePath>) -> Answer<Json<Subscription>> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let change = Change::by(known, path.org.as_str(), "subscription/rotate", url(&path));
    let shared = state.clone();
    let rotated = state.tables.write(move |sql| {
        let Some(row) = subscription::find(sql, &path.org, &path.name)? else { return Ok(Err(missing())) };
        if !matches!(row.body.to, Recipient::Webhook { .. }) {
            return Ok(Err(Refusal::conflict("only what is sent to a webhook is signed with a secret")));
        }
        let (time, revision) = (now(), row.revision + 1);
        let row = SubscriptionRow { updated: time, revision, ..row };
        let (row, secret) = match with_secret(&shared, sql, row) {
            Ok(made) => made,
            Err(refusal) => return Ok(Err(refusal)),
        };
        subscription::put(sql, &row)?;
        change.write(sql)?;
        Ok(Ok(row.shown(Some(secret), time)))
    });
    rotated.await?.map(Json)
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
    if let Recipient::Chat { integration, .. } = &row.body.to {
        return Err(Refusal::conflict(format!(
            "what is told in chats is sent by `{integration}`, which has a test of its own"
        )));
    }
    let shared = state.clone();
    let noted = state.tables.write(move |sql| {
        let ids = trial::test(sql, &shared, &row, &name)?;
        if !ids.is_empty() {
            change.write(sql)?;
        }
        ids.iter().filter_map(|id| notice::find(sql, &row.id, id).transpose()).collect::<Result<Vec<_>, _>>()
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
            let to = matches!(row.body.to, Recipient::Chat { .. }).then_some(row.body.to);
            Match { subscription: row.name, to, on, why }
        });
        Ok(Some(all.collect::<Vec<_>>()))
    });
    judged.await?.map(Json).ok_or_else(|| Refusal::not_found("build"))
}
