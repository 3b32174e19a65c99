//! Shapes: kinds of machines.

use serde_json::{Value, json};

use crate::call::Call;
use crate::page;
use crate::reply::Answer;
use crate::world::World;

/// A kind of machine.
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) processor: &'static str,
    pub(super) most_ocpus: f64,
    /// GB of memory.
    pub(super) most_memory: f64,
    /// GB of memory for each OCPU, where nobody says how much.
    pub(super) default_memory: f64,
    /// Virtual processors of an OCPU that a container may be given. Those of A1 have one; whether the service refuses two is
    /// not documented.
    pub(super) vcpus: f64,
    /// The limits of `compute` that count its OCPUs and GB, which virtual machines share.
    limits: (&'static str, &'static str),
}

/// GB of memory for each OCPU, at least and at most.
pub(super) const PER_OCPU: (f64, f64) = (1.0, 64.0);

const X86: Shape = Shape {
    name: "",
    processor: "",
    most_ocpus: 64.0,
    most_memory: 1024.0,
    default_memory: 16.0,
    vcpus: 2.0,
    limits: ("", ""),
};

const SHAPES: &[Shape] = &[
    Shape {
        name: "CI.Standard.A1.Flex",
        processor: "3.0 GHz Ampere® Altra™",
        most_ocpus: 76.0,
        most_memory: 488.0,
        default_memory: 6.0,
        vcpus: 2.0,
        limits: ("standard-a1-core-count", "standard-a1-memory-count"),
    },
    Shape {
        name: "CI.Standard.E3.Flex",
        processor: "2.25 GHz AMD EPYC™ 7742 (Rome)",
        limits: ("standard-e3-core-ad-count", "standard-e3-memory-count"),
        ..X86
    },
    Shape {
        name: "CI.Standard.E4.Flex",
        processor: "2.55 GHz AMD EPYC™ 7J13 (Milan)",
        limits: ("standard-e4-core-count", "standard-e4-memory-count"),
        ..X86
    },
    Shape {
        name: "CI.Standard.E5.Flex",
        processor: "2.4 GHz AMD EPYC™ 9J14 (Genoa)",
        limits: ("standard-e5-core-count", "standard-e5-memory-count"),
        ..X86
    },
];

pub(super) fn find(name: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.name == name)
}

pub(super) fn list(world: &World, call: &Call) -> Answer {
    call.only(&["compartmentId", "availabilityDomain", "limit", "page"])?;
    call.required("compartmentId")?;
    page::items(call, &world.settings, SHAPES.iter().map(Shape::json).collect())
}

impl Shape {
    /// What an instance of so many OCPUs and GB takes of which limits.
    pub(super) fn takes(&self, ocpus: f64, memory: f64) -> [(&'static str, f64); 2] {
        [(self.limits.0, ocpus), (self.limits.1, memory)]
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name, "processorDescription": self.processor,
            "ocpuOptions": { "min": 1.0, "max": self.most_ocpus },
            "memoryOptions": {
                "minInGBs": 1.0, "maxInGBs": self.most_memory, "defaultPerOcpuInGBs": self.default_memory,
                "minPerOcpuInGBs": PER_OCPU.0, "maxPerOcpuInGBs": PER_OCPU.1,
            },
            "networkingBandwidthOptions": { "minInGbps": 1.0, "maxInGbps": 40.0, "defaultPerOcpuInGbps": 1.0 },
        })
    }
}
