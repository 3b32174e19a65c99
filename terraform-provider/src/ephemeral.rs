//! Ephemeral resources: what lives for one run, and is in no plan and no state.

mod artifact_url;
mod oidc_token;
mod param_value;
mod secret;
mod ssh_keypair;
mod token;
mod worker_registration;

use tfplugin::Plugin;

use crate::MonkeyCi;

/// Adds each of them.
pub(crate) fn all(plugin: Plugin<MonkeyCi>) -> Plugin<MonkeyCi> {
    plugin
        .ephemeral::<artifact_url::ArtifactUrl>()
        .ephemeral::<oidc_token::OidcToken>()
        .ephemeral::<param_value::ParamValue>()
        .ephemeral::<secret::DrawnSecret>()
        .ephemeral::<ssh_keypair::SshKeypair>()
        .ephemeral::<token::Token>()
        .ephemeral::<worker_registration::WorkerRegistration>()
}
