//! Data sources: what Terraform only reads.

mod artifacts;
mod build;
mod current_user;
mod deliveries;
mod environment;
mod job_log;
mod latest_build;
mod org;
mod orgs;
mod params;
mod pipeline;
mod repo;
mod server;
mod slack;
mod ssh_key;
mod user;

use monkeyci_client::ClientError;
use tfplugin::{Diagnostics, Plugin};

use crate::{MonkeyCi, refusal};

/// Adds each of them.
pub(crate) fn all(plugin: Plugin<MonkeyCi>) -> Plugin<MonkeyCi> {
    plugin
        .data_source::<artifacts::BuildArtifacts>()
        .data_source::<build::Builds>()
        .data_source::<current_user::CurrentUser>()
        .data_source::<deliveries::WebhookDeliveries>()
        .data_source::<environment::Environment>()
        .data_source::<job_log::JobLog>()
        .data_source::<latest_build::Build>()
        .data_source::<org::Org>()
        .data_source::<orgs::Orgs>()
        .data_source::<params::Params>()
        .data_source::<pipeline::Pipeline>()
        .data_source::<pipeline::PipelineDocument>()
        .data_source::<repo::Repo>()
        .data_source::<repo::Repos>()
        .data_source::<server::Info>()
        .data_source::<slack::SlackChannel>()
        .data_source::<slack::SlackUser>()
        .data_source::<slack::SlackWorkspace>()
        .data_source::<ssh_key::SshKey>()
        .data_source::<user::User>()
}

/// That something cannot be read.
fn unread(noun: &str) -> impl FnOnce(ClientError) -> Diagnostics {
    move |error| refusal::whole(noun, &error).into()
}
