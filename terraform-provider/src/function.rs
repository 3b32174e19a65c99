//! Functions. They are pure, and talk to nobody.

mod build_ref;
mod cron;
mod duration;
mod import_id;
mod label_match;
mod pipeline;
mod ref_match;
mod repo_url;
mod ssh_fingerprint;

pub(crate) use duration::seconds;
use tfplugin::Plugin;

use crate::MonkeyCi;

/// Adds each of them.
pub(crate) fn all(plugin: Plugin<MonkeyCi>) -> Plugin<MonkeyCi> {
    plugin
        .function::<build_ref::BuildRefParse>()
        .function::<cron::CronDescribe>()
        .function::<cron::CronNext>()
        .function::<duration::DurationParse>()
        .function::<import_id::ImportId>()
        .function::<label_match::LabelMatch>()
        .function::<pipeline::PipelineDiff>()
        .function::<pipeline::PipelineParse>()
        .function::<pipeline::PipelineRender>()
        .function::<ref_match::RefMatch>()
        .function::<repo_url::RepoUrlParse>()
        .function::<ssh_fingerprint::SshFingerprint>()
}
