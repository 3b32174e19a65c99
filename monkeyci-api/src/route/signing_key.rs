use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_rest::{Page, Rotate, SigningKey};

use super::Routes;
use crate::audit::Change;
use crate::extract::Body;
use crate::identity::Who;
use crate::json::Json;
use crate::openapi::Operation;
use crate::problem::Answer;
use crate::state::State;

pub(super) fn routes(routes: Routes) -> Routes {
    let all = Operation::get("/v1/signing-keys", "The keys that sign ID tokens of jobs, newest first");
    let rotate = Operation::post("/v1/signing-keys/rotate", "Make a new one, which those before give way to");
    routes
        .add(all.answers::<Page<SigningKey>>(StatusCode::OK), list_keys)
        .add(rotate.answers::<SigningKey>(StatusCode::CREATED), rotate_keys)
}

async fn list_keys(Shared(state): Shared<State>, who: Who) -> Answer<Json<Page<SigningKey>>> {
    who.must_be_admin()?;
    Ok(Json(Page { items: state.issuer.keys().await?, next: None }))
}

async fn rotate_keys(
    Shared(state): Shared<State>,
    who: Who,
    body: Body<Rotate>,
) -> Answer<(StatusCode, Json<SigningKey>)> {
    let known = who.must_be_admin()?.clone();
    let Rotate { at_once } = body.read()?;
    let how = if at_once { "at once" } else { "in an hour" };
    let change = Change::by(&known, "", "signing-key/rotate", "/v1/signing-keys").with("signs", how);
    let key = state.issuer.rotate(at_once, change).await?;
    Ok((StatusCode::CREATED, Json(key)))
}
