use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_core::model::OrgId;
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{NewRegistration, Register, Registration, Worker};
use serde::{Deserialize, Serialize};

use super::{Routes, worker as workers};
use crate::address::Client;
use crate::audit::Change;
use crate::extract::{At, Body};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::random;
use crate::state::{State, now};
use crate::table::code::{self, Purpose};
use crate::table::{org, worker};
use crate::throttle::Kind as Attempts;

/// A code that workers register by.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct RegistrationPath {
    /// Its id.
    id: String,
}

/// What a code is good for.
#[derive(Serialize, Deserialize)]
struct Promise {
    /// Who made it.
    by: String,
    org: Option<OrgId>,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let make =
        Operation::post("/v1/worker-registrations", "Make a code that workers register by; it is told this once");
    let revoke = Operation::delete("/v1/worker-registrations/{id}", "Revoke it; workers that have registered stay");
    let register = Operation::post("/v1/worker/register", "Register a worker by such a code");
    routes
        .add(make.answers::<Registration>(StatusCode::CREATED), create_registration)
        .add(revoke, delete_registration)
        .add(register.answers::<Worker>(StatusCode::CREATED), register_worker)
}

async fn create_registration(
    Shared(state): Shared<State>,
    who: Who,
    body: Body<NewRegistration>,
) -> Answer<(StatusCode, Json<Registration>)> {
    let known = who.must_be_admin()?.clone();
    let NewRegistration { org: only, minutes } = body.read()?;
    if !(1..=10_080).contains(&minutes) {
        return Err(Refusal::field("/minutes", "1 to 10080 are possible"));
    }
    let code = random::registration();
    let (id, time) = (random::hash(&code), now());
    let made = Registration { id: id.clone(), code, expires: time + i64::from(minutes) * 60_000 };
    let mut change = Change::by(&known, "", "worker-registration/create", url(&id));
    if let Some(only) = &only {
        change = change.with("org", only.as_str());
    }
    let expires = made.expires;
    let added = state.tables.write(move |sql| {
        if !is_there(sql, only.as_ref())? {
            return Ok(Err(Refusal::field("/org", "there is no such organisation")));
        }
        change.write(sql)?;
        code::add(sql, &id, Purpose::Worker, &Promise { by: known.name, org: only }, time, expires)?;
        Ok(Ok(()))
    });
    added.await??;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Whether the organisation of a worker is there, where it is to be of one.
fn is_there(sql: &mut dyn Sql, only: Option<&OrgId>) -> Result<bool, StoreError> {
    Ok(match only {
        Some(only) => org::find(sql, only)?.is_some(),
        None => true,
    })
}

async fn delete_registration(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<RegistrationPath>,
) -> Answer<StatusCode> {
    let known = who.must_be_admin()?;
    let change = Change::by(known, "", "worker-registration/delete", url(&path.id));
    let revoked = state.tables.write(move |sql| {
        let revoked = code::revoke(sql, &path.id, Purpose::Worker)?;
        if revoked {
            change.write(sql)?;
        }
        Ok(revoked)
    });
    revoked.await?.then_some(StatusCode::NO_CONTENT).ok_or_else(|| Refusal::not_found("registration"))
}

/// Nobody is known who asks this: the code says that they may.
async fn register_worker(
    Shared(state): Shared<State>,
    client: Client,
    body: Body<Register>,
) -> Answer<(StatusCode, Json<Worker>)> {
    let Register { code, name, secret } = body.read()?;
    let attempt = state.throttle.begin(Attempts::Code, [client.into()])?;
    workers::check_name(&name)?;
    if !random::is_worker_token(&secret) {
        let detail = "`mcw_`, and 32 to 200 letters, digits, `-` and `_` that are drawn by lot";
        return Err(Refusal::field("/secret", detail));
    }
    let (hash, id, time) = (random::hash(&secret), random::hash(&code), now());
    let added = state.tables.write(move |sql| {
        // Who is known by it already is this worker, whatever has become of the code.
        if let Some(row) = worker::known_by(sql, &hash)? {
            return Ok(Ok((false, row.worker)));
        }
        let Some(Promise { by, org }) = code::find::<Promise>(sql, &id, Purpose::Worker, time)? else {
            return Ok(Err(Refusal::field("/code", "this code is not known, or is over: have another one made")));
        };
        if !is_there(sql, org.as_ref())? {
            return Ok(Err(Refusal::field("/code", "the organisation that this code is for is gone")));
        }
        let made = Worker { name, org, paused: false, created: time, seen: None, facts: None, running: Vec::new() };
        if !worker::add(sql, &made, &hash)? {
            let detail = "there is another worker of this name: remove it first, or choose another name";
            return Ok(Err(Refusal::conflict(detail)));
        }
        let change = Change::of(&by, None, "", "worker/create", format!("/v1/workers/{}", made.name));
        change.with("registration", &id).write(sql)?;
        Ok(Ok((true, made)))
    });
    let (is_new, made) = added.await??;
    attempt.succeeded();
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(made)))
}

fn url(id: &str) -> String {
    format!("/v1/worker-registrations/{id}")
}
