//! What people type to MonkeyCI, understood: in a chat, and what is the same at a terminal.
//!
//! ```
//! use monkeyci_grammar::{Command, parse};
//!
//! let Ok(Command::Retry { build, .. }) = parse("retry web#42 failed") else { panic!("no retry") };
//! assert_eq!(build.expect("a build").to_string(), "web#42");
//!
//! let mistake = parse("rety web#42").expect_err("no command");
//! assert_eq!(mistake.to_string(), "`rety` is no command; did you mean `retry`?");
//! ```
//!
//! The same words are understood after `/build`, after a mention, in a thread, and in a message to the app alone. Nothing is
//! asked and nothing is done here: text goes in, a [`Command`] or a [`Mistake`] comes out. At a terminal, the command line has
//! flags of its own; what a build is called ([`BuildName`]), what is to be begun ([`Run::of`]), what happens to builds
//! ([`moments`], [`event`]) and how long something is ([`Span`]) are said there in the same words.

mod command;
mod event;
mod filter;
mod mistake;
mod moment;
mod name;
mod near;
mod parse;
mod span;
mod subscribe;
mod verb;
mod word;

pub use command::{Command, List, Logs, Mute, Muted, Param, Part, Run, Subject, is_param};
pub use event::event;
pub use mistake::Mistake;
pub use moment::moments;
pub use name::{At, BuildName, Place, RepoName, Which};
pub use near::nearest;
pub use parse::{LONGEST, parse};
pub use span::{Clock, Span, Until, Weekday};
pub use subscribe::{Mention, Quiet, Settings, Style, Subscribe, Thread};
pub use verb::Verb;
