//! Ephemeral resources: what lives for one run, and is in no plan and no state.

mod secret;
mod ssh_keypair;
mod token;

use tfplugin::Plugin;

use crate::MonkeyCi;

/// Adds each of them.
pub(crate) fn all(plugin: Plugin<MonkeyCi>) -> Plugin<MonkeyCi> {
    plugin.ephemeral::<secret::DrawnSecret>().ephemeral::<ssh_keypair::SshKeypair>().ephemeral::<token::Token>()
}
