//! Resources: what Terraform makes, changes and removes.

mod org;
mod repo;

use tfplugin::Plugin;

use crate::MonkeyCi;

/// Adds each of them.
pub(crate) fn all(plugin: Plugin<MonkeyCi>) -> Plugin<MonkeyCi> {
    plugin.resource::<org::Org>().resource::<repo::Repo>()
}
