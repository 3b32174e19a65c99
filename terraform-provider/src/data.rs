//! Data sources: what Terraform only reads.

mod build;
mod current_user;
mod org;
mod repo;
mod server;

use monkeyci_client::ClientError;
use tfplugin::{Diagnostics, Plugin};

use crate::{MonkeyCi, refusal};

/// Adds each of them.
pub(crate) fn all(plugin: Plugin<MonkeyCi>) -> Plugin<MonkeyCi> {
    plugin
        .data_source::<build::Builds>()
        .data_source::<current_user::CurrentUser>()
        .data_source::<org::Org>()
        .data_source::<repo::Repo>()
        .data_source::<repo::Repos>()
        .data_source::<server::Info>()
}

/// That something cannot be read.
fn unread(noun: &str) -> impl FnOnce(ClientError) -> Diagnostics {
    move |error| refusal::whole(noun, &error).into()
}
