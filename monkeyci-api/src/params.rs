//! The params that builds of a repository get.

use std::collections::BTreeMap;

use monkeyci_core::model::{OrgId, RepoId, SecretRef, Text};
use monkeyci_core::store::{Sql, StoreError};

use crate::table::param::{self, ParamRow};

/// Params of the most that one repository can have.
const MOST: u64 = 10_000;

/// The params of a repository, with those of its organisation that it has none of its own for. Secret ones are
/// references, which name where they are kept.
///
/// # Errors
/// When they cannot be read.
pub fn of(sql: &mut dyn Sql, org: &OrgId, repo: &RepoId) -> Result<BTreeMap<String, Text>, StoreError> {
    let mut all = BTreeMap::new();
    for owner in ["", repo.as_str()] {
        for ParamRow { param: found, .. } in param::list(sql, org, owner, None, MOST)? {
            let value = match found.value {
                Some(value) => Text::from(value),
                None => {
                    let name = param::full_name(org, owner, &found.name);
                    Text::secret(SecretRef { name, version: found.version })
                }
            };
            all.insert(found.name, value);
        }
    }
    Ok(all)
}
