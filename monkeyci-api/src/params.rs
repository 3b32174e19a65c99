//! The params that builds of a repository get: its own, those of sets whose labels it has, and those of its organisation.

use std::collections::BTreeMap;

use monkeyci_core::model::{OrgId, RepoId, SecretRef, Text};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::{EffectiveParam, Param};

use crate::owner::Owner;
use crate::table::{param, param_set, repo};

/// Params of the most that one owner can have, and sets of an organisation.
const MOST: u64 = 10_000;

/// The params of a repository, by name. Secret ones are references, which name where they are kept.
///
/// # Errors
/// When they cannot be read.
pub fn of(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId) -> Result<BTreeMap<String, Text>, StoreError> {
    let found = winners(sql, org, repo)?;
    Ok(found.into_iter().map(|(name, (owner, param, _))| (name, text(&owner, param))).collect())
}

/// The params of one owner alone, by name. Secret ones are references.
///
/// # Errors
/// When they cannot be read.
pub fn own(sql: &mut dyn Sql, owner: &Owner) -> Result<BTreeMap<String, Text>, StoreError> {
    let rows = param::list(sql, owner, None, MOST)?.into_iter();
    Ok(rows.map(|row| (row.param.name.clone(), text(owner, row.param))).collect())
}

/// The params that a repository gets, with where each comes from, by name.
///
/// # Errors
/// When they cannot be read.
pub fn effective(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId) -> Result<Vec<EffectiveParam>, StoreError> {
    let shown = |(owner, param, hides): (Owner, Param, Vec<String>)| {
        let from = owner.url(&param.name);
        EffectiveParam { param, from, hides }
    };
    Ok(winners(sql, org, repo)?.into_values().map(shown).collect())
}

/// Whose params a repository gets, the one that counts most first: itself, then sets by name, then the organisation.
///
/// # Errors
/// When they cannot be read.
pub fn owners(sql: &mut dyn Sql, org: &OrgId, id: &RepoId) -> Result<Vec<Owner>, StoreError> {
    let labels = repo::find(sql, org, id)?.map(|repo| repo.body.labels).unwrap_or_default();
    let sets = param_set::list(sql, org, None, MOST)?.into_iter();
    let sets = sets.filter(|set| set.body.label_filters.match_labels(&labels)).map(|set| Owner::set(org, &set.name));
    Ok([Owner::repo(org, id)].into_iter().chain(sets).chain([Owner::all(org)]).collect())
}

/// By name the param that counts, whose it is, and the paths of those that it stands before.
type Winners = BTreeMap<String, (Owner, Param, Vec<String>)>;

fn winners(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId) -> Result<Winners, StoreError> {
    let mut all = Winners::new();
    for owner in owners(sql, org, repo)? {
        for row in param::list(sql, &owner, None, MOST)? {
            match all.get_mut(&row.param.name) {
                Some((.., hides)) => hides.push(owner.url(&row.param.name)),
                None => drop(all.insert(row.param.name.clone(), (owner.clone(), row.param, Vec::new()))),
            }
        }
    }
    Ok(all)
}

/// The value of a param, or the reference to a secret one.
fn text(owner: &Owner, param: Param) -> Text {
    match param.value {
        Some(value) => Text::from(value),
        None => Text::secret(SecretRef { name: owner.full_name(&param.name), version: param.version }),
    }
}
