//! Functions. They are pure, and talk to nobody.

mod build_ref;
mod duration;
mod label_match;

use tfplugin::Plugin;

use crate::MonkeyCi;

/// Adds each of them.
pub(crate) fn all(plugin: Plugin<MonkeyCi>) -> Plugin<MonkeyCi> {
    plugin
        .function::<build_ref::BuildRefParse>()
        .function::<duration::DurationParse>()
        .function::<label_match::LabelMatch>()
}
