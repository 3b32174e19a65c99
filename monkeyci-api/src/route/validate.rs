use axum::extract::State as Shared;
use http::StatusCode;
use monkeyci_core::source::GitRef;
use monkeyci_core::trigger;
use monkeyci_rest::validate::{Cron, Kind, Ref};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Routes, build, chat_identity, environment, org, param, pipeline, registry_credential, repo, role_binding, schedule,
    service_account, ssh_key, subscription, trigger as trigger_of_repo,
};
use crate::extract::{At, Body, Query, check_filters, check_name, typed};
use crate::federation;
use crate::identity::Who;
use crate::openapi::Operation;
use crate::problem::{Answer, Refusal};
use crate::state::State;

/// What is looked at.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct KindPath {
    /// Its kind.
    kind: Kind,
}

/// What is looked at beside the body.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Named {
    /// The name that it is to have.
    name: Option<String>,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let operation = Operation::post("/v1/validate/{kind}", "Look at a body as if it were written, and change nothing");
    routes.add(operation.says(StatusCode::NO_CONTENT), validate)
}

async fn validate(
    Shared(state): Shared<State>,
    who: Who,
    At(path): At<KindPath>,
    Query(named): Query<Named>,
    body: Body<Map<String, Value>>,
) -> Answer<StatusCode> {
    who.known()?;
    let body = Value::Object(body.read()?);
    match (path.kind, &named.name) {
        (Kind::Param, Some(name)) => param::check_name(name)?,
        (_, Some(name)) => check_name(name)?,
        (_, None) => {}
    }
    check(&state, path.kind, body)?;
    Ok(StatusCode::NO_CONTENT)
}

fn check(state: &State, kind: Kind, body: Value) -> Answer<()> {
    match kind {
        Kind::Org => org::check(&typed(body)?),
        Kind::RoleBinding => role_binding::check(&typed(body)?),
        Kind::ServiceAccount => service_account::check(&typed(body)?),
        Kind::Trust => federation::check(state, &typed(body)?),
        Kind::ChatIdentity => chat_identity::check(&typed(body)?),
        Kind::Repo => repo::check(state, &typed(body)?),
        Kind::Param => param::check(&typed(body)?),
        Kind::ParamSet => check_filters(&typed::<monkeyci_rest::ParamSetBody>(body)?.label_filters),
        Kind::SshKey => ssh_key::check(&typed(body)?).map(drop),
        Kind::RegistryCredential => registry_credential::check(&typed(body)?),
        Kind::Pipeline => pipeline::check(&typed(body)?),
        // As the only one of its script.
        Kind::Job => pipeline::check_script(&json!([body]), "").map_err(|refusal| refusal.without("/0")),
        Kind::Schedule => schedule::check(&typed(body)?).map(drop),
        Kind::Trigger => trigger_of_repo::check(&typed(body)?),
        Kind::Environment => environment::check(&typed(body)?),
        Kind::Subscription => subscription::check(state, &typed(body)?),
        Kind::Build => build::check(&typed(body)?),
        Kind::Cron => cron(&typed(body)?),
        Kind::Ref => {
            let Ref { name } = typed(body)?;
            let read = name.parse::<GitRef>();
            read.map(drop).map_err(|error| Refusal::field("/ref", error.to_string()))
        }
    }
}

fn cron(body: &Cron) -> Answer<()> {
    let timezone = body.timezone.as_deref().unwrap_or("UTC");
    trigger::Schedule::new(&body.cron, timezone).map(drop).map_err(|error| {
        let pointer = if matches!(error, trigger::InvalidSchedule::Cron(_)) { "/cron" } else { "/timezone" };
        Refusal::field(pointer, error.to_string())
    })
}
