use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_rest::{Proof, Scope, Token, TokenSecret, Trust};

use super::Routes;
use crate::address::Client;
use crate::audit::Change;
use crate::extract::{At, Body, OrgNamePath};
use crate::federation::{self, Claims};
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::random;
use crate::state::{State, now};
use crate::table::service_account::person_of;
use crate::table::token::{self, Held};
use crate::table::{service_account, trust};
use crate::throttle::Kind as Attempts;

/// As many as a service account may have.
const ALL: u64 = 1000;

/// Letters of a subject that are told again.
const TOLD: usize = 150;

pub(super) fn routes(routes: Routes) -> Routes {
    let path = "/v1/orgs/{org}/service-accounts/{name}/exchange";
    let exchange = Operation::post(path, "Exchange an ID token that somebody trusted has signed for a token");
    routes.add(exchange.answers::<TokenSecret>(StatusCode::CREATED), exchange_token)
}

/// Nobody is known who asks this: what is shown says who it is.
async fn exchange_token(
    Shared(state): Shared<State>,
    client: Client,
    At(path): At<OrgNamePath>,
    body: Body<Proof>,
) -> Answer<(StatusCode, Json<TokenSecret>)> {
    let Proof { id_token } = body.read()?;
    let said = federation::said(&id_token);
    let said = said.ok_or_else(|| Refusal::field("/idToken", "this is no ID token: a JWT is expected"))?;
    let attempt = state.throttle.begin(Attempts::Token, [client.into()])?;
    let OrgNamePath { org, name } = path.clone();
    let trusts = state.tables.read(move |sql| trust::list(sql, &org, &name, None, ALL)).await?;
    let fitting = trusts.into_iter().find(|trust| federation::fits(&trust.body, &said));
    let trust = fitting.ok_or_else(|| untrusted(&path, &said))?;
    let claims = federation::proved(&state, &trust.body, &id_token).await.map_err(|why| {
        let detail = format!("the trust `{}` fits this token, which is not good: {why}", trust.name);
        Refusal::new(StatusCode::UNAUTHORIZED, detail).coded("not-trusted")
    })?;
    let made = give(&state, path, trust, claims).await?;
    attempt.succeeded();
    Ok((StatusCode::CREATED, Json(made)))
}

/// Gives a token to who has proved to be trusted, if the trust is still as it was.
async fn give(state: &State, path: OrgNamePath, trust: Trust, claims: Claims) -> Answer<TokenSecret> {
    let (secret, person) = (random::token(), person_of(&path.org, &path.name));
    let hash = random::hash(&secret);
    let given = state.tables.write(move |sql| {
        let now_there = trust::find(sql, &path.org, &path.name, &trust.name)?;
        let is_there = now_there.is_some_and(|there| there.revision == trust.revision);
        let account = service_account::find(sql, &path.org, &path.name)?.filter(|account| !account.body.disabled);
        let Some(account) = account.filter(|_| is_there) else { return Ok(Err(untrusted(&path, &claims))) };
        let subject = text(&claims, "sub");
        let most = service_account::most(sql, &path.org, &account)?;
        let role = trust.body.role.map_or(most, |role| role.min(most));
        let created = now();
        let token = Token {
            id: random::id(),
            description: format!("by the trust {}, of {subject}", trust.name),
            scope: Some(Scope { org: path.org.clone(), role }),
            created,
            expires: Some(created + i64::from(trust.body.minutes) * 60_000),
            used: None,
        };
        let object = format!("/v1/orgs/{}/service-accounts/{}/tokens/{}", path.org, path.name, token.id);
        let change = Change::of(&person, None, path.org.as_str(), "token/exchange", object);
        change.with("trust", &trust.name).with("issuer", text(&claims, "iss")).with("subject", subject).write(sql)?;
        token::add_trusted(sql, &Held { token: token.clone(), person }, &hash, &trust.name)?;
        Ok(Ok(token))
    });
    Ok(TokenSecret { token: given.await??, secret })
}

/// That nobody trusts whoever has that token. What it says of itself is no secret to who has it.
fn untrusted(path: &OrgNamePath, claims: &Claims) -> Refusal {
    let detail = format!(
        "no trust of `{}/{}` lets this in: `{}` says that it is `{}`",
        path.org,
        path.name,
        text(claims, "iss"),
        text(claims, "sub")
    );
    Refusal::new(StatusCode::UNAUTHORIZED, detail).coded("not-trusted")
}

/// A claim, in letters that spoil no log and no page.
fn text(claims: &Claims, name: &str) -> String {
    let text = claims.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    text.chars().filter(|letter| !letter.is_control()).take(TOLD).collect()
}
