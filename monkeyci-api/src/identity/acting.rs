//! An integration that acts for somebody: for the person as whom a user of a chat is known, with their rights, and never
//! more than its token allows.

use http::{HeaderMap, StatusCode};
use monkeyci_rest::Scope;
use monkeyci_rest::chat_identity::ACT_AS;

use super::Known;
use crate::chat;
use crate::problem::{Answer, Refusal};
use crate::state::State;
use crate::table::{chat_identity, member, person, role_binding, service_account};

/// A user of a chat.
#[derive(Debug, Clone)]
pub struct Wanted {
    provider: String,
    subject: String,
}

/// For whom a request is made, where it is for somebody else.
///
/// # Errors
/// When that cannot be understood: it would be another's request otherwise.
pub fn wanted(headers: &HeaderMap) -> Answer<Option<Wanted>> {
    let mut all = headers.get_all(ACT_AS).iter();
    let Some(value) = all.next() else { return Ok(None) };
    let named = value.to_str().ok().and_then(|value| value.split_once(':')).filter(|_| all.next().is_none());
    let wrong = || Refusal::bad(format!("`{ACT_AS}` names one user of a chat, as `slack:T123/U456`"));
    let (provider, subject) = named.ok_or_else(wrong)?;
    chat::check(provider, subject).map_err(|_| wrong())?;
    Ok(Some(Wanted { provider: provider.to_owned(), subject: subject.to_owned() }))
}

/// The person that is meant, as far as `by` may act for them: as they are now, in the organisation of the integration.
///
/// # Errors
/// When `by` is no integration, or nobody is linked, or they may do nothing; each with a code of its own.
pub async fn of(state: &State, by: Known, wanted: Wanted) -> Answer<Known> {
    let refused = |code, detail: String| Refusal::new(StatusCode::FORBIDDEN, detail).coded(code);
    let named = by.name.split_once('/').and_then(|(org, name)| Some((org.parse().ok()?, name.to_owned())));
    let no_integration =
        || refused("not-an-integration", format!("`{ACT_AS}` is for service accounts that are integrations"));
    let (org, name): (monkeyci_core::model::OrgId, String) = named.ok_or_else(no_integration)?;
    let of = org.clone();
    let found = state.tables.read(move |sql| {
        let account = service_account::find(sql, &of, &name)?.filter(|account| account.body.integration);
        let Some(account) = account else { return Ok((None, None)) };
        let Some(linked) = chat_identity::find(sql, &of, &wanted.provider, &wanted.subject)? else {
            return Ok((Some(account), None));
        };
        let is_let_in = person::find(sql, &linked.person)?.is_some_and(|person| !person.disabled);
        let roles = if is_let_in { member::roles(sql, &linked.person)? } else { Default::default() };
        let bound = role_binding::of_person(sql, &linked.person)?;
        Ok((Some(account), Some((linked.person, roles, bound))))
    });
    let (account, linked) = found.await?;
    let account = account.ok_or_else(no_integration)?;
    let not_linked = "this user of the chat is nobody here yet: they are asked by a link, or an owner declares it";
    let (person, roles, bound) = linked.ok_or_else(|| refused("not-linked", not_linked.into()))?;
    if !roles.contains_key(&org) {
        return Err(refused("no-access", format!("`{person}` may do nothing in `{org}` any more")));
    }
    let scope = by.scope.unwrap_or(Scope { org, role: account.body.role });
    Ok(Known { name: person, via: Some(by.name), admin: false, roles, bound, scope: Some(scope), ..by })
}
