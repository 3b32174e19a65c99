//! Resources: what Terraform makes, changes and removes.

mod api_token;
mod build_run;
pub(crate) mod environment;
mod member;
mod org;
pub(crate) mod param;
pub(crate) mod param_set;
mod params_exclusive;
pub(crate) mod pipeline;
pub(crate) mod registry_credential;
pub(crate) mod repo;
pub(crate) mod role_binding;
pub(crate) mod schedule;
pub(crate) mod service_account;
pub(crate) mod slack_subscription;
mod slack_user_link;
pub(crate) mod ssh_key;
pub(crate) mod subscription;
pub(crate) mod trigger;
pub(crate) mod trust;
pub(crate) mod webhook;

pub(crate) use pipeline::Job;
pub(crate) use repo::Visibility;
use tfplugin::Plugin;

use crate::MonkeyCi;

/// Adds each of them.
pub(crate) fn all(plugin: Plugin<MonkeyCi>) -> Plugin<MonkeyCi> {
    plugin
        .resource::<api_token::ApiToken>()
        .resource::<build_run::BuildRun>()
        .resource::<environment::Environment>()
        .resource::<member::Member>()
        .resource::<org::Org>()
        .resource::<param::Param>()
        .resource::<param_set::ParamSet>()
        .resource::<params_exclusive::ParamsExclusive>()
        .resource::<pipeline::Pipeline>()
        .resource::<registry_credential::RegistryCredential>()
        .resource::<repo::Repo>()
        .resource::<role_binding::RoleBinding>()
        .resource::<schedule::Schedule>()
        .resource::<service_account::ServiceAccount>()
        .resource::<slack_subscription::SlackSubscription>()
        .resource::<slack_user_link::SlackUserLink>()
        .resource::<ssh_key::SshKey>()
        .resource::<subscription::Subscription>()
        .resource::<trigger::Trigger>()
        .resource::<trust::Trust>()
        .resource::<webhook::Webhook>()
}
