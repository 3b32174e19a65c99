//! Resources: what Terraform makes, changes and removes.

mod environment;
mod member;
mod org;
mod param;
mod param_set;
mod pipeline;
mod repo;
mod schedule;
mod service_account;
mod ssh_key;
mod subscription;
mod trigger;
mod webhook;

use tfplugin::Plugin;

use crate::MonkeyCi;

/// Adds each of them.
pub(crate) fn all(plugin: Plugin<MonkeyCi>) -> Plugin<MonkeyCi> {
    plugin
        .resource::<environment::Environment>()
        .resource::<member::Member>()
        .resource::<org::Org>()
        .resource::<param::Param>()
        .resource::<param_set::ParamSet>()
        .resource::<pipeline::Pipeline>()
        .resource::<repo::Repo>()
        .resource::<schedule::Schedule>()
        .resource::<service_account::ServiceAccount>()
        .resource::<ssh_key::SshKey>()
        .resource::<subscription::Subscription>()
        .resource::<trigger::Trigger>()
        .resource::<webhook::Webhook>()
}
