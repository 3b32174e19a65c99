use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use monkeyci_core::store::Sql;
use monkeyci_rest::{NewSecret, Page, Recipient, Role, Subscription, SubscriptionBody};
use zeroize::Zeroizing;

use super::Routes;
use crate::audit::Change;
use crate::extract::{At, Body, OrgNamePath, OrgPath, Paging, Query, check_filters, check_name};
use crate::identity::Who;
use crate::json::Json;
use crate::mail;
use crate::notice::follow::MOST;
use crate::notice::matching::glob_of;
use crate::notice::sign;
use crate::openapi::Operation;
use crate::outward;
use crate::problem::{Answer, Refusal};
use crate::revision::{already, remove, tagged};
use crate::slack;
use crate::state::{State, now};
use crate::table::subscription::{SubscriptionRow, place};
use crate::table::{org, subscription};

/// Globs of the longest list.
const GLOBS: usize = 100;

/// Addresses of one subscription.
const ADDRESSES: usize = 20;

/// Bytes of the longest glob, and of the longest word of a chat.
const LONGEST: usize = 200;

pub(super) fn routes(routes: Routes) -> Routes {
    let (all, one) = ("/v1/orgs/{org}/subscriptions", "/v1/orgs/{org}/subscriptions/{name}");
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
}

fn missing() -> Refusal {
    Refusal::not_found("subscription")
}

pub(super) fn url(path: &OrgNamePath) -> String {
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

pub(super) async fn find(state: &State, path: OrgNamePath) -> Answer<SubscriptionRow> {
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
        match already(&headers, there.as_ref(), |row| row.revision, |row| row.body == body) {
            Ok(None) => {}
            Ok(Some(row)) => return Ok(Ok((false, row.clone().shown(None, now())))),
            Err(refusal) => return Ok(Err(refusal)),
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
            true => match with_secret(&shared, sql, row, sign::secret()) {
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
fn with_secret(
    state: &State,
    sql: &mut dyn Sql,
    row: SubscriptionRow,
    secret: Zeroizing<String>,
) -> Answer<(SubscriptionRow, String)> {
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
        Recipient::Slack { workspace, channel, style } => slack::check(workspace, channel, style)?,
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
        let found = subscription::find(sql, &path.org, &path.name)?;
        let (revision, id) = found.map(|found| (found.revision, found.id)).unzip();
        remove(&headers, revision, "subscription", || {
            subscription::remove(sql, &id.unwrap_or_default())?;
            change.write(sql)
        })
    });
    removed.await?
}

/// Whether this is the secret that a subscription has.
fn has_secret(state: &State, sql: &mut dyn Sql, row: &SubscriptionRow, secret: &str) -> bool {
    let sealed = row.secret.as_deref().unwrap_or_default();
    let own = state.vault.open(sql, &row.org, &place(&row.id), sealed);
    own.is_ok_and(|own| hmac_sha256::Hash::hash(&own) == hmac_sha256::Hash::hash(secret.as_bytes()))
}

async fn rotate(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    body: Body<NewSecret>,
) -> Answer<Json<Subscription>> {
    let known = who.must(&path.org, Role::Maintainer)?;
    let given = body.read()?.secret.map(Zeroizing::new);
    let given = given.map(|secret| sign::chosen(&secret)).transpose();
    let given = given.map_err(|why| Refusal::field("/secret", why))?;
    let change = Change::by(known, path.org.as_str(), "subscription/rotate", url(&path));
    let shared = state.clone();
    let rotated = state.tables.write(move |sql| {
        let Some(row) = subscription::find(sql, &path.org, &path.name)? else { return Ok(Err(missing())) };
        if !matches!(row.body.to, Recipient::Webhook { .. }) {
            return Ok(Err(Refusal::conflict("only what is sent to a webhook is signed with a secret")));
        }
        let (time, revision) = (now(), row.revision + 1);
        if let Some(secret) = given.as_ref().filter(|secret| has_secret(&shared, sql, &row, secret)) {
            return Ok(Ok(row.shown(Some(secret.to_string()), time)));
        }
        let row = SubscriptionRow { updated: time, revision, ..row };
        let (row, secret) = match with_secret(&shared, sql, row, given.unwrap_or_else(sign::secret)) {
            Ok(made) => made,
            Err(refusal) => return Ok(Err(refusal)),
        };
        subscription::put(sql, &row)?;
        change.write(sql)?;
        Ok(Ok(row.shown(Some(secret), time)))
    });
    rotated.await?.map(Json)
}
