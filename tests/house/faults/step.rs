//! How far a job in a container instance is when something goes wrong: a column of the matrix each.

use oracle_emulator::{Fault, World};

use super::ground::Ground;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Its files are sent to the bucket.
    Send,
    /// Its instance is asked for.
    Create,
    /// The instance is being made: images are pulled, and no container runs yet.
    Begin,
    /// Its sidecar fetches the files.
    Fill,
    /// Its script runs.
    Run,
    /// It has ended, and what it left comes back.
    End,
    /// All that was made for it is deleted.
    Delete,
}

impl Step {
    /// In the order in which they come.
    pub const ALL: [Self; 7] = [Self::Send, Self::Create, Self::Begin, Self::Fill, Self::Run, Self::End, Self::Delete];

    /// What the page calls it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Send => "files are sent",
            Self::Create => "instance is asked for",
            Self::Begin => "instance begins",
            Self::Fill => "sidecar fetches the files",
            Self::Run => "script runs",
            Self::End => "results come back",
            Self::Delete => "all is deleted",
        }
    }

    /// What it is called among what was seen.
    pub fn id(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Create => "create",
            Self::Begin => "begin",
            Self::Fill => "fill",
            Self::Run => "run",
            Self::End => "end",
            Self::Delete => "delete",
        }
    }

    /// The calls that are made then, by method and a part of the target.
    pub fn calls(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Send => {
                &[("POST", "/b/monkeyci/p"), ("PUT", "/control/0"), ("PUT", "/work/0"), ("PUT", "/order.json")]
            }
            Self::Create => &[("POST", "/containerInstances")],
            Self::Begin => &[],
            Self::Fill => &[("GET", "order.json"), ("GET", "/control/0"), ("GET", "/work/0")],
            Self::Run => &[
                ("GET", "/containerInstances?"),
                ("GET", "/containers?"),
                ("PUT", "/beat/host"),
                ("GET", "/beat/host"),
                ("PUT", "/beat/sidecar"),
                ("PUT", "/report/0"),
                ("GET", "/report/0"),
            ],
            Self::End => &[("PUT", "/collected/0"), ("GET", "/collected/0")],
            Self::Delete => &[("DELETE", "/containerInstances/"), ("DELETE", "/p/"), ("DELETE", "/o/jobs")],
        }
    }

    /// The same of those that the sidecar makes.
    pub fn calls_of_sidecar(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Fill => &[("GET", "order.json"), ("GET", "/control/0"), ("GET", "/work/0")],
            Self::Run => &[("PUT", "/beat/sidecar"), ("GET", "/beat/host"), ("PUT", "/report/0")],
            Self::End => &[("PUT", "/collected/0")],
            _ => &[],
        }
    }

    /// The call that is refused for as long as a job is kept at this step.
    fn hinge(self) -> Option<Fault> {
        let refused = Fault::refuse(503, "ServiceUnavailable", "kept").times(0);
        match self {
            Self::Send => Some(refused.on("PUT", "/work/0")),
            // It is done, and nobody hears of it.
            Self::Create => Some(Fault::lost().times(0).on("POST", "/containerInstances")),
            Self::Fill => Some(refused.on("GET", "/work/0")),
            Self::End => Some(refused.on("PUT", "/collected/0")),
            Self::Delete => Some(refused.on("DELETE", "/containerInstances/")),
            Self::Begin | Self::Run => None,
        }
    }

    /// Keeps a job at this step until [`Ground::release`].
    pub fn keep(self, world: &mut World) {
        world.faults.extend(self.hinge());
        if self == Self::Begin {
            world.settings.step_ms = 4_000;
        }
    }

    /// Whether a job is there.
    pub fn is_reached(self, ground: &Ground) -> bool {
        let world = ground.oracle.state();
        let seen = |method: &str, part: &str, status: u16| {
            world.seen.iter().any(|(call, answer)| *answer == status && call.starts_with(method) && call.contains(part))
        };
        match self {
            Self::Send => seen("PUT", "/work/0", 503),
            Self::Create => world.container_instances_created() > 0,
            Self::Begin => world.container_instances().iter().any(|(_, state)| *state == "CREATING"),
            Self::Fill => seen("GET", "/work/0", 503),
            Self::Run => ground.gate.count() > 0,
            Self::End => seen("PUT", "/collected/0", 503),
            Self::Delete => seen("DELETE", "/containerInstances/", 503),
        }
    }
}
