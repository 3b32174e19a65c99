//! Actions: what is done and leaves no object behind, from Terraform 1.14 on.

mod build;
mod subscription;

use tfplugin::Plugin;

use crate::MonkeyCi;

/// Adds each of them.
pub(crate) fn all(plugin: Plugin<MonkeyCi>) -> Plugin<MonkeyCi> {
    plugin.action::<build::Trigger>().action::<build::Cancel>().action::<subscription::Test>()
}
