use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_core::model::{Millis, OrgId};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{ChatIdentity, LinkCode, LinkOffer, LinkRequest, NewLink};

use super::chat_identity::{fresh, path_of};
use super::{Routes, integration};
use crate::address::Client;
use crate::audit::Change;
use crate::chat;
use crate::extract::{At, Body, OrgNamePath};
use crate::identity::{Known, Who};
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::random;
use crate::state::{State, now};
use crate::table::code::{self, Purpose};
use crate::table::{chat_identity, member, service_account};
use crate::throttle::{Kind, Whose};

/// Milliseconds that somebody has to say who they are: 10 minutes.
const LASTS: Millis = 10 * 60 * 1000;

/// Bytes of the longest text that may be a code.
const LONGEST: usize = 64;

pub(super) fn routes(routes: Routes) -> Routes {
    let offer = "/v1/orgs/{org}/integrations/{name}/links";
    let offer = Operation::post(offer, "Ask a user of a chat who they are: answers with a code for them alone");
    let preview = Operation::post("/v1/links/preview", "What a code asks; nothing is done");
    let confirm = Operation::post("/v1/links/confirm", "Be who a code asks for");
    routes
        .add(offer.answers::<LinkOffer>(StatusCode::CREATED), offer_link)
        .add(preview.answers::<LinkRequest>(StatusCode::OK), preview_link)
        .add(confirm.answers::<ChatIdentity>(StatusCode::CREATED), confirm_link)
}

async fn offer_link(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    body: Body<NewLink>,
) -> Answer<(StatusCode, Json<LinkOffer>)> {
    let known = integration::must_be_itself(&state, &who, &path).await?;
    let NewLink { provider, subject, name } = body.read()?;
    chat::check(&provider, &subject)?;
    chat::check_name(name.as_deref())?;
    // Who asks again and again in the chat fills nothing here.
    let asks = Whose::Account(format!("{} {provider}:{subject}", known.name));
    let _counts = state.throttle.begin(Kind::Code, [asks])?;
    let code = random::code();
    let object = format!("/v1/orgs/{}/integrations/{}/links", path.org, path.name);
    let change = Change::by(known, path.org.as_str(), "link/create", object);
    let asked = LinkRequest { org: path.org, integration: path.name, provider, subject, name };
    let (hash, now) = (random::hash(&plain(&code)), now());
    let kept = state.tables.write(move |sql| {
        change.with("for", format!("{}:{}", asked.provider, asked.subject)).write(sql)?;
        code::add(sql, &hash, Purpose::Link, &asked, now, now + LASTS)
    });
    kept.await?;
    // Behind the sign of a fragment, no proxy and no log sees it.
    let url = format!("{}/link#{code}", state.url);
    Ok((StatusCode::CREATED, Json(LinkOffer { code, url, expires: now + LASTS })))
}

async fn preview_link(
    Shared(state): Shared<State>,
    client: Client,
    who: Who,
    body: Body<LinkCode>,
) -> Answer<Json<LinkRequest>> {
    let known = who.must_be_whole()?.clone();
    let body = body.read()?;
    let attempt = state.throttle.begin(Kind::Code, [client.into(), Whose::Account(known.name.clone())])?;
    let asked = state.tables.read(move |sql| asked(sql, &known, &body)).await?.map(|(_, asked)| asked);
    if asked.is_ok() {
        attempt.succeeded();
    }
    asked.map(Json)
}

async fn confirm_link(
    Shared(state): Shared<State>,
    client: Client,
    who: Who,
    body: Body<LinkCode>,
) -> Answer<(StatusCode, Json<ChatIdentity>)> {
    let known = who.must_be_whole()?.clone();
    let body = body.read()?;
    let attempt = state.throttle.begin(Kind::Code, [client.into(), Whose::Account(known.name.clone())])?;
    let linked = state.tables.write(move |sql| {
        let (hash, asked) = match asked(sql, &known, &body)? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        code::remove(sql, &hash)?;
        let LinkRequest { org, integration, provider, subject, name } = asked;
        let there = chat_identity::find(sql, &org, &provider, &subject)?;
        if there.is_some_and(|there| there.person != known.name) {
            let detail = "this user of the chat is somebody else here already: they, or an owner, remove that first";
            return Ok(Err(Refusal::conflict(detail)));
        }
        let wanted = fresh(org, provider, subject, known.name.clone(), name, Some(integration));
        chat_identity::put(sql, &wanted, now())?;
        let ChatIdentity { org, provider, subject, integration, .. } = &wanted;
        let change = Change::by(&known, org.as_str(), "link/confirm", path_of(org, provider, subject));
        change.with("integration", integration.as_deref().unwrap_or_default()).write(sql)?;
        let found = chat_identity::find(sql, org, provider, subject)?;
        Ok(found.ok_or_else(|| Refusal::not_found("chat identity")))
    });
    let linked = linked.await??;
    attempt.succeeded();
    Ok((StatusCode::CREATED, Json(linked)))
}

/// What a code asks of somebody, and its hash.
fn asked(sql: &mut dyn Sql, known: &Known, body: &LinkCode) -> Result<Answer<(String, LinkRequest)>, StoreError> {
    let wrong = || Refusal::field("/code", "this code is not known, was used, or is over: ask for another in the chat");
    if body.code.len() > LONGEST {
        return Ok(Err(wrong()));
    }
    let hash = random::hash(&plain(&body.code));
    let Some(asked) = code::find::<LinkRequest>(sql, &hash, Purpose::Link, now())? else { return Ok(Err(wrong())) };
    if !is_integration(sql, &asked.org, &asked.integration)? {
        return Ok(Err(wrong()));
    }
    if !member::roles(sql, &known.name)?.contains_key(&asked.org) {
        let detail = format!("you do not belong to `{}`: an owner of it gives you a role first", asked.org);
        return Ok(Err(Refusal::new(StatusCode::FORBIDDEN, detail)));
    }
    Ok(Ok((hash, asked)))
}

/// Whether there is still an integration to act for anybody.
fn is_integration(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<bool, StoreError> {
    let found = service_account::find(sql, org, name)?;
    Ok(found.is_some_and(|account| account.body.integration && !account.body.disabled))
}

/// A code as it was drawn, whatever somebody who typed it made of its letters and dashes.
fn plain(code: &str) -> String {
    let clear = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    };
    code.chars().filter(char::is_ascii_alphanumeric).map(clear).collect()
}
