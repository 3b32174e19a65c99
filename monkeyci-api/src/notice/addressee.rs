//! Who a mail goes to.

use std::collections::BTreeMap;

use monkeyci_core::model::{OrgId, Trigger};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::Recipient;

use crate::cause::who_caused;
use crate::mail::address;
use crate::sign_in::Providers;
use crate::table::{correspondent, identity, member, person};

/// Who gets a mail of a subscription, and why each of them does, for people. Whoever has ended that is left out.
///
/// # Errors
/// When it cannot be read.
pub fn addressees(
    sql: &mut dyn Sql,
    providers: &Providers,
    org: &OrgId,
    (id, name): (&str, &str),
    to: &Recipient,
    trigger: &Trigger,
) -> Result<BTreeMap<String, String>, StoreError> {
    let mut all = BTreeMap::new();
    let Recipient::Mail { to, author, actor } = to else { return Ok(all) };
    for named in to.iter().filter_map(|named| address(named).ok()) {
        all.insert(named, format!("The subscription `{name}` of `{org}` names this address."));
    }
    // Whoever writes a commit may write any address into it. Those outside must not have us write to people here.
    let email = trigger.git.as_ref().and_then(|git| git.author_email.as_deref()).filter(|_| *author && !trigger.fork);
    if let Some(email) = email.and_then(|email| address(email).ok()) {
        for person in identity::with_email(sql, &email)? {
            if belongs(sql, org, &person)? {
                all.entry(email.clone()).or_insert_with(|| "The commit is yours.".into());
            }
        }
    }
    if *actor
        && let Some(person) = who_caused(sql, providers, trigger)?
        && belongs(sql, org, &person)?
        && let Some(email) = verified(sql, &person)?
    {
        all.entry(email).or_insert_with(|| "You started the build.".into());
    }
    let mut wanted = BTreeMap::new();
    for (address, why) in all {
        if correspondent::find(sql, id, &address)?.is_none_or(|found| !found.ended) {
            wanted.insert(address, why);
        }
    }
    Ok(wanted)
}

/// The address of somebody that their provider has verified; that of the account which they used last.
///
/// # Errors
/// When it cannot be read.
pub fn verified(sql: &mut dyn Sql, person: &str) -> Result<Option<String>, StoreError> {
    let mut identities = identity::list(sql, person)?;
    identities.sort_by_key(|identity| identity.used);
    Ok(identities.into_iter().rev().find_map(|identity| address(&identity.email?).ok()))
}

/// Whether somebody is let in, and may see what an organisation builds.
fn belongs(sql: &mut dyn Sql, org: &OrgId, name: &str) -> Result<bool, StoreError> {
    let Some(person) = person::find(sql, name)?.filter(|person| !person.disabled) else { return Ok(false) };
    Ok(person.admin || member::roles(sql, name)?.contains_key(org))
}
