//! What goes wrong: a row of the matrix each.

use oracle_emulator::Fault;
use oracle_emulator::fault::Kind;
use oracle_emulator::settings::Place;

use super::ground::{Ground, IMAGE, JOBS};
use super::kill;
use super::runner::{Runner, Running};
use super::step::Step::{self, Begin, Create, Delete, End, Fill, Run, Send};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    TooMany,
    Internal,
    Unavailable,
    Unanswered,
    Clock,
    Stranger,
    Full,
    FullEverywhere,
    NoImage,
    Failed,
    Vanished,
    CutOff,
    CutOffForGood,
    Server,
    Controller,
    Sidecar,
    Container,
    Line,
}

/// Times that each call fails which does for a while.
const TIMES: u32 = 2;

impl Mishap {
    /// In the order in which the page has them.
    pub const ALL: [Self; 18] = [
        Self::Server,
        Self::Controller,
        Self::Sidecar,
        Self::Container,
        Self::Line,
        Self::TooMany,
        Self::Internal,
        Self::Unavailable,
        Self::Unanswered,
        Self::Clock,
        Self::Stranger,
        Self::Full,
        Self::FullEverywhere,
        Self::NoImage,
        Self::Failed,
        Self::Vanished,
        Self::CutOff,
        Self::CutOffForGood,
    ];

    /// What it is called among what was seen, and what the page says of it.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::TooMany => ("429", "429: too many requests, twice"),
            Self::Internal => ("500", "500: an error of the service, twice"),
            Self::Unavailable => ("503", "503: the service is not there, twice"),
            Self::Unanswered => ("unanswered", "what was asked is done, and the answer is lost, twice"),
            Self::Clock => ("clock", "the cloud's clock is ten minutes ahead from then on"),
            Self::Stranger => ("401", "401: the key or token is not known any more"),
            Self::Full => ("full", "no capacity in one availability domain"),
            Self::FullEverywhere => ("full-everywhere", "no capacity anywhere, for longer than `wait-minutes`"),
            Self::NoImage => ("no-image", "the image cannot be pulled"),
            Self::Failed => ("failed", "the work request fails, or later the instance"),
            Self::Vanished => ("vanished", "404: something else deleted the instance"),
            Self::CutOff => ("cut-off", "the sidecar does not reach Object Storage for a while"),
            Self::CutOffForGood => ("cut-off-for-good", "the sidecar does not reach Object Storage any more"),
            Self::Server => ("server", "`kill -9` of the server, which is begun again"),
            Self::Controller => (
                "controller",
                "`kill -9` of the controller `run-build`: another one comes, and takes up what ran or does it once more",
            ),
            Self::Sidecar => ("sidecar", "`kill -9` of the sidecar"),
            Self::Container => ("container", "`kill -9` of the job's container"),
            Self::Line => ("line", "`kill -9` of what the script runs"),
        }
    }

    /// The steps at which it can be.
    pub fn steps(self) -> &'static [Step] {
        match self {
            Self::Server | Self::Controller => &Step::ALL,
            Self::TooMany | Self::Internal | Self::Unavailable | Self::Unanswered => {
                &[Send, Create, Fill, Run, End, Delete]
            }
            Self::Clock => &[Send, Create, Begin, Fill, Run, End, Delete],
            Self::Stranger => &[Send, Create, Fill, Run, Delete],
            Self::Full | Self::FullEverywhere => &[Create],
            Self::NoImage => &[Begin],
            Self::Failed | Self::Vanished => &[Begin, Fill, Run, End, Delete],
            Self::CutOff => &[Fill, Run, End],
            Self::CutOffForGood => &[Run, End],
            Self::Sidecar => &[Fill, Run, End],
            Self::Container => &[Fill, Run],
            Self::Line => &[Run],
        }
    }

    /// Those of them that are played whenever tests are: each mishap that does not take minutes.
    pub fn soon(self) -> &'static [Step] {
        match self {
            Self::Server => &[Create],
            Self::Controller => &[Run],
            Self::TooMany => &[Delete],
            Self::Internal => &[Send],
            Self::Unavailable => &[Fill],
            Self::Unanswered => &[Create],
            Self::Clock => &[Run],
            Self::Stranger => &[Create],
            Self::Failed => &[Begin],
            Self::Vanished => &[Run],
            Self::CutOff => &[End],
            Self::FullEverywhere | Self::CutOffForGood => &[],
            Self::Full | Self::NoImage | Self::Sidecar | Self::Container | Self::Line => self.steps(),
        }
    }

    /// Who runs the build.
    pub fn runner(self) -> Runner {
        match self {
            Self::Server => Runner::Server,
            Self::Controller => Runner::Controller,
            _ => Runner::Build,
        }
    }

    /// Whether it is there from the beginning. Else it comes once a job is at the step, which is kept there until then.
    pub fn is_there_before(self, step: Step) -> bool {
        match self {
            Self::Clock | Self::Failed | Self::Vanished | Self::CutOffForGood => false,
            Self::Server | Self::Controller | Self::Sidecar | Self::Container | Self::Line => false,
            Self::Stranger => step < Run,
            _ => true,
        }
    }

    /// Sees to it that it comes.
    pub fn prepare(self, ground: &Ground, step: Step) {
        let mut world = ground.oracle.state();
        let here = world.settings.availability_domains.first().cloned();
        match self {
            Self::Full => {
                world.settings.out_of_capacity = vec![Place { availability_domain: here, shape: None }];
            }
            Self::FullEverywhere => world.settings.out_of_capacity = vec![Place::default()],
            Self::NoImage => world.settings.missing_images = vec![IMAGE.into()],
            Self::Stranger => {
                // For good; of several calls, the first.
                let (method, target) = step.calls()[0];
                let told = "The required information to complete authentication was not provided or was incorrect.";
                world.faults.push_back(Fault::refuse(401, "NotAuthenticated", told).on(method, target).times(0));
            }
            _ => {
                let (calls, times) = match self {
                    Self::CutOff => (step.calls_of_sidecar(), 3 * TIMES),
                    _ => (step.calls(), TIMES),
                };
                let faults = calls.iter().map(|(method, target)| self.fault().on(method, target).times(times));
                world.faults.extend(faults);
            }
        }
    }

    /// What happens to a call.
    fn fault(self) -> Fault {
        match self {
            Self::TooMany => Fault::too_many(None),
            Self::Internal => Fault::refuse(500, "InternalError", "An internal error occurred."),
            Self::Unavailable => Fault::refuse(503, "ServiceUnavailable", "The service is unavailable."),
            Self::Unanswered => Fault::lost(),
            _ => Fault::new(Kind::Cut),
        }
    }

    /// Lets it come, now that the job is at a step, and the job go on.
    pub fn strike(self, ground: &Ground, step: Step, running: &mut Running<'_>) {
        match self {
            Self::Server | Self::Controller => return running.kill_and_go_on(|| ground.release()),
            Self::Clock => ground.oracle.clock().set_ahead(600),
            Self::Stranger => ground.oracle.state().keys.retain(|id, _| id.starts_with("ST$")),
            Self::Failed => ground.have(&ground.instance(), "fail"),
            Self::Vanished => ground.have(&ground.instance(), "vanish"),
            Self::Sidecar => kill::container(&ground.instance(), kill::SIDECAR),
            Self::Container => kill::container(&ground.instance(), kill::JOB),
            Self::Line => kill::line(&ground.instance(), kill::JOB),
            Self::CutOffForGood => {
                ground.release();
                let mut world = ground.oracle.state();
                let first = world.objects(JOBS).pop().expect("the job has objects");
                let name = first.split('/').nth(1).expect("the name of its attempt");
                let calls = Run.calls_of_sidecar().iter().chain(End.calls_of_sidecar());
                let cut =
                    calls.map(|(method, target)| Fault::new(Kind::Cut).on(method, &format!("{name}{target}")).times(0));
                return world.faults.extend(cut);
            }
            _ => unreachable!("{self:?} is there before {step:?}"),
        }
        ground.release();
    }
}
