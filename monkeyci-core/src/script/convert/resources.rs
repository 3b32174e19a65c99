//! What a job may use.

use monkeyci_model::job::{Arch, Resources};

use super::{Context, Fields, scalar};
use crate::script::problems::Flaw;

/// More than the greatest machine has, and little enough that nothing overflows.
const MAX_CPUS: f64 = 1024.0;
const MAX_MEMORY_GB: f64 = 16_384.0;

const ARCHS: &[(&str, Arch)] = &[
    ("amd", Arch::Amd),
    ("arm", Arch::Arm),
    ("amd64", Arch::Amd),
    ("arm64", Arch::Arm),
    ("x86_64", Arch::Amd),
    ("aarch64", Arch::Arm),
];

const PLATFORMS: &[(&str, Arch)] =
    &[("linux/amd64", Arch::Amd), ("linux/arm64", Arch::Arm), ("linux/arm64/v8", Arch::Arm)];

/// `size n` is n cores and 2n GB, as in MonkeyCI; `cpus` and `memory` say it more exactly and win.
pub(super) fn resources(fields: &Fields<'_>, cx: &mut Context<'_, '_>) -> Resources {
    let size = fields.get("size").and_then(|node| scalar::number(node, "a size", MAX_CPUS, cx));
    let cpus = fields.get("cpus").and_then(|node| scalar::number(node, "a number of cores", MAX_CPUS, cx));
    let memory = fields.get("memory").and_then(|node| scalar::number(node, "GB of memory", MAX_MEMORY_GB, cx));
    let arch = fields.get("arch").and_then(|node| scalar::choice(node, "an architecture", ARCHS, cx));
    let platform = fields.get("platform").and_then(|node| scalar::choice(node, "a platform", PLATFORMS, cx));
    if let (Some(arch), Some(platform), Some(node)) = (arch, platform, fields.get("platform"))
        && arch != platform
    {
        cx.problems.add(Flaw::new(node.span, "`platform` and `arch` say different things").help("keep `arch`"));
    }
    Resources { cpus: cpus.or(size), memory: memory.or(size.map(|size| size * 2.0)), arch: arch.or(platform) }
}
