//! Build scripts in Rust.
//!
//! A build script is a small program: a function from the context of a build to its jobs. What it depends on are
//! ordinary crates, and its tests are ordinary tests, which take milliseconds because nothing is built in them.
//!
//! ```
//! use monkeyci_sdk::prelude::*;
//!
//! const RUST: &str = "docker.io/rust:1";
//!
//! /// Tests every push; deploys tags, once a person agrees.
//! fn plan(ctx: &Ctx) -> Plan {
//!     let test = container("test", RUST).run("cargo test");
//!     let docs = ctx.touched("docs/").then(|| container("docs", "docker.io/mdbook").run("mdbook build docs"));
//!     let deploy = ctx.tag().map(|tag| {
//!         container("deploy", RUST).run(format!("./deploy {tag}")).after(&test).blocked()
//!     });
//!     Plan::from((test, docs, deploy))
//! }
//!
//! // In a script, `monkeyci_sdk::main!(plan);` stands here, and what follows is a test.
//! let plan = plan(&Ctx::on_tag("v1.2.0").changing(&["docs/intro.md"]));
//! assert_eq!(plan.ids(), ["test", "docs", "deploy"]);
//! assert_eq!(plan["deploy"].dependencies(), ["test"]);
//!
//! let run = Scenario::of(plan).failing("test").run();
//! assert_eq!(run.status("deploy"), JobStatus::Skipped);
//! assert!(!run.succeeded());
//! ```
//!
//! Read the modules in this order: [`context`] (what a build is about), [`job`] and [`plan`] (what it does),
//! [`action`] (jobs that are functions of the script, with [`shell`], [`http`] and [`api`]), [`extension`] (plugins),
//! [`scenario`] (tests), [`program`] (what [`main!`] makes of it).

pub mod action;
pub mod api;
pub mod context;
pub mod extension;
pub mod http;
pub mod job;
pub mod pattern;
pub mod plan;
pub mod program;
pub mod scenario;
pub mod shell;
mod temporary;

pub use monkeyci_model as model;

/// All that most scripts need.
pub mod prelude {
    pub use crate::action::{Act, Outcome};
    pub use crate::context::Ctx;
    pub use crate::extension::{Extension, extension};
    pub use crate::job::{Job, action, artifact, cache, container, process, service};
    pub use crate::model::job::{Arch, PullPolicy, Retry, SaveWhen, When};
    pub use crate::model::trigger::Source;
    pub use crate::model::{JobResult, JobStatus};
    pub use crate::pattern::regex;
    pub use crate::plan::Plan;
    pub use crate::scenario::Scenario;
    pub use crate::shell::sh;
}

/// Makes a program out of the function that plans a build: from [`Ctx`](context::Ctx) to [`Plan`](plan::Plan), or to
/// anything that a plan can be made from.
#[macro_export]
macro_rules! main {
    ($plan:path) => {
        fn main() -> ::std::process::ExitCode {
            $crate::program::run($plan)
        }
    };
}
