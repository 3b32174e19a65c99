//! A typed client of MonkeyCI's REST API.
//!
//! ```no_run
//! # async fn example() -> Result<(), monkeyci_client::ClientError> {
//! use futures::TryStreamExt;
//! use monkeyci_client::Client;
//! use monkeyci_client::rest::NewBuild;
//!
//! let client = Client::new("https://ci.example.com", Some("mci_…"))?;
//! let web = client.org("acme").repo("web");
//! let started = web.start(&NewBuild { branch: Some("main".into()), ..NewBuild::default() }).await?;
//! let mut events = web.build(started.build.number).events(0);
//! while let Some(event) = events.try_next().await? {
//!     println!("{}", event.kind.name());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Nothing is sent before an answer is awaited. What may be sent twice is, within the client's [`Patience`]: after a
//! connection that failed, a server that asks for patience or broke, an answer that broke off or never came. A `POST` carries
//! an `Idempotency-Key`, so that it is done once, and what is declared ([`Object`]) is taken twice as once.
//! [Events](BuildRef::events) and [logs](LogRef::follow) that are followed go on by themselves where they broke off, and
//! tell everything once.

mod artifact;
mod build;
mod call;
mod client;
mod duty;
mod environment;
mod error;
mod events;
mod feed;
mod hook;
mod integration;
mod job;
mod log;
mod me;
mod object;
mod org;
mod page;
mod param_set;
mod patience;
mod people;
mod place;
mod registration;
mod repo;
mod retry;
mod service_account;
mod shell;
mod signing_key;
mod sse;
mod subscription;
mod token;
mod worker;

pub use artifact::ArtifactRef;
pub use build::BuildRef;
pub use client::Client;
pub use duty::{DutyRef, HeldRef};
pub use environment::EnvironmentRef;
pub use error::ClientError;
pub use events::Events;
pub use hook::{DeliveryRef, HookRef};
pub use integration::{IntegrationRef, StoreRef, Stored};
pub use job::{AttemptRef, JobRef};
pub use log::{LogBytes, LogRef};
pub use monkeyci_model as model;
pub use monkeyci_rest as rest;
pub use object::Object;
pub use org::{MemberRef, OrgRef};
pub use page::Pages;
pub use param_set::ParamSetRef;
pub use patience::Patience;
pub use people::PersonRef;
pub use registration::RegistrationRef;
pub use repo::RepoRef;
pub use service_account::ServiceAccountRef;
pub use shell::{ShellReceiver, ShellSender};
pub use subscription::{NoticeRef, SubscriptionRef};
pub use token::TokenRef;
pub use worker::WorkerRef;
