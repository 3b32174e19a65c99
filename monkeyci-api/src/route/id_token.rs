use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_rest::{IdToken, NewIdToken, Role};

use super::{Routes, service_account as accounts};
use crate::audit::Change;
use crate::extract::{At, Body, OrgNamePath};
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::State;
use crate::table::service_account::{self, person_of};

/// Audiences of a token at the most.
const AUDIENCES: usize = 10;

/// Bytes of the longest.
const LONGEST: usize = 500;

pub(super) fn routes(routes: Routes) -> Routes {
    let path = "/v1/orgs/{org}/service-accounts/{name}/id-tokens";
    let make = Operation::post(path, "Sign an ID token that says which service account it is, for clouds and vaults");
    routes.add(make.answers::<IdToken>(StatusCode::CREATED), create_id_token)
}

async fn create_id_token(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<OrgNamePath>,
    body: Body<NewIdToken>,
) -> Answer<(StatusCode, Json<IdToken>)> {
    let known = who.must(&path.org, Role::Viewer)?.clone();
    let is_itself = known.via.is_none() && known.name == person_of(&path.org, &path.name);
    if !is_itself {
        who.must(&path.org, Role::Owner)?;
    }
    let account = accounts::find(&state, &path).await?;
    // A token that was limited is not to become one that is not, by what others think of the account.
    let (org, of) = (path.org.clone(), account.clone());
    let most = state.tables.read(move |sql| service_account::most(sql, &org, &of)).await?;
    who.must_somewhere(&path.org, most)?;
    if account.body.disabled {
        return Err(Refusal::conflict("the service account is disabled"));
    }
    let wanted = body.read()?;
    check(&wanted)?;
    let made = state.issuer.account_token(&path.org, &path.name, &wanted).await?;
    let object = format!("/v1/orgs/{}/service-accounts/{}", path.org, path.name);
    let change = Change::by(&known, path.org.as_str(), "id-token/create", object);
    let change = change.with("audience", wanted.audience.join(" "));
    state.tables.write(move |sql| change.write(sql)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

fn check(wanted: &NewIdToken) -> Answer<()> {
    let is_wrong = |audience: &String| audience.is_empty() || audience.len() > LONGEST;
    if wanted.audience.is_empty() || wanted.audience.len() > AUDIENCES || wanted.audience.iter().any(is_wrong) {
        let detail =
            format!("1 to {AUDIENCES} audiences of 1 to {LONGEST} bytes: what a cloud or vault knows itself by");
        return Err(Refusal::field("/audience", detail));
    }
    if !(1..=60).contains(&wanted.minutes) {
        return Err(Refusal::field("/minutes", "1 to 60 are possible"));
    }
    Ok(())
}
