//! Which integration asks: a service account that is marked as one.

use http::StatusCode;
use monkeyci_rest::Role;

use super::service_account;
use crate::extract::OrgNamePath;
use crate::identity::{Known, Who};
use crate::problem::{Answer, Refusal};
use crate::state::State;
use crate::table::service_account::person_of;

/// Whether it is the integration that asks, for itself and for nobody else.
pub(super) fn is_itself(known: &Known, path: &OrgNamePath) -> bool {
    known.via.is_none() && known.name == person_of(&path.org, &path.name)
}

/// Lets go on the integration itself.
///
/// # Errors
/// When somebody else asks, or it is none.
pub(super) async fn must_be_itself<'a>(state: &State, who: &'a Who, path: &OrgNamePath) -> Answer<&'a Known> {
    let known = who.must(&path.org, Role::Viewer)?;
    if !is_itself(known, path) {
        let detail = format!("only the service account `{}` may do that", person_of(&path.org, &path.name));
        return Err(Refusal::new(StatusCode::FORBIDDEN, detail));
    }
    must_be_one(state, path).await?;
    Ok(known)
}

/// Lets go on the integration itself, and owners.
///
/// # Errors
/// When somebody else asks, or there is no such integration.
pub(super) async fn must_be_itself_or_owner<'a>(state: &State, who: &'a Who, path: &OrgNamePath) -> Answer<&'a Known> {
    let known = who.must(&path.org, Role::Viewer)?;
    if !is_itself(known, path) {
        who.must(&path.org, Role::Owner)?;
    }
    must_be_one(state, path).await?;
    Ok(known)
}

async fn must_be_one(state: &State, path: &OrgNamePath) -> Answer<()> {
    let account = service_account::find(state, path).await?;
    let none = || {
        let detail = format!("the service account `{}` is no integration: an owner may make it one", path.name);
        Refusal::new(StatusCode::FORBIDDEN, detail).coded("not-an-integration")
    };
    account.body.integration.then_some(()).ok_or_else(none)
}
