//! The server: REST API, webhooks and web page over the core.
//!
//! [`Server::open`] opens everything in a folder and goes on with what was left there; [`Server::serve`] serves it.
//!
//! Modules in reading order:
//!
//! - [`config`]: how a server is set up, [`reference()`] every key of that; [`server`]: everything opened, and served.
//! - [`route`]: the routes, one file for each kind of thing; `extract` takes apart what is asked, `openapi` describes it,
//!   [`problem`] refuses.
//! - [`identity`]: who asks, and what they may do; `audit` writes down what they change; `throttle`: how often
//!   somebody may fail; `chat`: how users of a chat are named.
//! - [`table`]: what is kept, one module for each table; [`vault`] seals the secrets among it, by the [`master_key`]. `owner`: whose params are
//!   meant; `params`: which of them a build gets; `given`: whatever a build gets.
//! - `intake`: deliveries of forges become builds; `timer` and `poll`: so do moments and new commits; `chain`: so do other
//!   builds; `launch`: what becomes of a wish for a build; `environment`: which of its jobs may run.
//! - [`sign_in`]: by which accounts elsewhere people sign in; `session`: what a browser then has.
//! - `issuer`: the ID tokens of jobs, by which clouds know them.
//! - `report`: forges are told how builds of their commits stand.
//! - `notice`: subscribers are told of what happens in builds; [`mail`]: what writes to them.
//! - `view`: builds as they are shown; `statistics`: how they went; `story`: what happens in one as it is watched;
//!   `sse` and `range`: streams and parts of what is long; `standing`: how long somebody sees them.
//! - `shell`: people in the places of jobs.
//! - `publish`: events go to a queue or a stream, opened by [`transport`], as an [`account`] of Oracle Cloud.
//! - `trace`: builds that have ended, as OpenTelemetry has them.
//! - `connection`: who is listened to, and how long; [`metrics`]: what is counted; `request`: what is noted of each request.
//! - `checkout`: what is cloned, with the `ssh_key`s for it, from `known_hosts`.
//! - [`backup`]: a server in one file.
//! - `outward`: requests that go out of the house; `telling`: many at once, one after the other for each receiver.
//! - `executor`: where jobs of the server's own worker run, and its scripts; `working`: which worker elsewhere asks.
//! - [`database`]: where all of it is; [`retention`]: for how long. [`doctor`]: whether all that it stands on is well.

pub mod account;
pub mod address;
pub mod backup;
pub mod config;
pub mod openapi;
pub mod problem;
pub mod route;
pub mod server;
pub mod state;
pub mod table;
pub mod transport;
pub mod vault;

mod audit;
mod cause;
mod chain;
mod chat;
mod checkout;
mod connection;
pub mod database;
pub mod doctor;
mod environment;
mod executor;
mod extract;
mod federation;
mod given;
pub mod hooks;
pub mod identity;
mod intake;
mod issuer;
mod json;
mod known_hosts;
mod launch;
mod link;
pub mod mail;
pub mod master_key;
pub mod metrics;
mod notice;
mod outward;
mod owner;
mod page;
mod params;
mod poll;
mod publish;
mod random;
mod range;
mod reference;
mod registries;
pub mod report;
mod request;
pub mod retention;
mod revision;
mod secrets;
mod session;
pub mod shell;
pub mod sign_in;
mod slack;
mod sse;
mod ssh_key;
mod standing;
mod statistics;
mod story;
mod telling;
mod terraform;
mod throttle;
mod timer;
mod tls;
mod trace;
mod view;
mod working;

pub use config::{Config, ConfigError};
pub use reference::reference;
pub use server::{Server, ServerError};
