//! Tells others what came out of a build: by a webhook, in a chat, or on a phone.
//!
//! ```
//! use monkeyci_plugin_notify::{Format, webhook};
//! use monkeyci_sdk::prelude::*;
//!
//! fn plan(_: &Ctx) -> Plan {
//!     let test = process("test").run("make test");
//!     let deploy = process("deploy").run("./deploy").after(&test).blocked();
//!     let plan = Plan::from((test, deploy));
//!     // The param `team-webhook` holds the URL, which is as good as a password.
//!     let team = webhook("team-webhook").format(Format::Slack);
//!     let tell = team.when_over(&plan);
//!     // A job of a `build.yaml` beside the script is told of when it fails, if it says `notify: true`.
//!     plan.with(tell).using(team.extension())
//! }
//!
//! let plan = plan(&Ctx::on_branch("main"));
//! assert_eq!(plan["notify"].dependencies(), ["test"], "nobody knows when `deploy` is approved");
//! let run = Scenario::of(plan).failing("test").run();
//! assert_eq!(run.ran(), ["test", "notify"]);
//! ```
//!
//! # Who is waited for
//!
//! The job that tells waits for all jobs of the plan, however they end, but for those that wait for a person's approval
//! and what waits for these: a person may take days, and would best be told that it is their turn. Such jobs are in the
//! message as what they are at that time. Jobs of files beside the script are in it as well, and waited for where the
//! script says so: `team.when_over(&plan).after(process("unit"))`. A build that is canceled tells nothing, as the job
//! that would is canceled with it; and of a job that is tried again the newest attempt counts.
//!
//! # What is sent
//!
//! With no [format](Format) the body is the [`News`] as JSON. Whatever stands in it came from jobs: in a chat it is text, and
//! neither link, markup nor a call for everybody's attention.
//!
//! A message that could not be sent is a warning of the job, and fails nothing, unless it is
//! [required](Notifier::required). A build of a fork has no secrets, and so tells nobody.

mod chat;
mod delivery;
mod format;
mod news;
mod notifier;
mod pushover;
mod webhook;

pub use format::Format;
pub use news::{FailedTest, JobNews, News, Tests};
pub use notifier::Notifier;
pub use pushover::pushover;
pub use webhook::webhook;
