//! The server: which one, who we are there, and what is named of it.

mod args;
mod error;
mod here;
mod known;
mod name;
mod shell;
mod watch;

pub use args::{AtArgs, Connection, NameArgs, OrgArgs, OutputArgs, ServerArgs};
pub use error::told;
pub use here::origin;
pub use known::{Known, Login};
pub use name::{BuildName, RepoName};
pub use shell::visit;
pub use watch::watch;
