//! What the server gives to a build of a repository, as it stands when that begins.

use std::collections::BTreeMap;

use monkeyci_core::model::{OrgId, RepoId, Text};
use monkeyci_core::store::{Sql, StoreError};
use monkeyci_rest::Pipeline;
use serde::{Deserialize, Serialize};

use crate::params;
use crate::table::{pipeline, repo};

/// What the server gives to a build.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Params by name; secret ones are references.
    pub params: BTreeMap<String, Text>,
    /// The pipeline that stands in for a script.
    pub pipeline: Option<Pinned>,
    /// Whether a person named the commit, which then need not be of the ref.
    pub named: bool,
}

/// A revision of a pipeline, which a build keeps whatever becomes of the pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pinned {
    /// Its name and revision: `main@3`.
    pub name: String,
    /// Its script, in JSON.
    pub document: String,
}

/// What a build of a repository gets now.
///
/// # Errors
/// When it cannot be read.
pub fn of(sql: &mut dyn Sql, org: &OrgId, id: &RepoId) -> Result<Given, StoreError> {
    let labels = repo::find(sql, org, id)?.map(|repo| repo.body.labels).unwrap_or_default();
    let pinned = |Pipeline { name, body, revision, .. }: Pipeline| Pinned {
        name: format!("{name}@{revision}"),
        document: body.script.to_string(),
    };
    let pipeline = pipeline::of(sql, org, id, &labels)?.map(pinned);
    Ok(Given { params: params::of(sql, org, id)?, pipeline, named: false })
}
