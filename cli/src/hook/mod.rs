//! The front door: takes in what forges deliver where no server runs, and has it built.
//!
//! A delivery is verified by the code that a server verifies by, put where it is safe, and then acknowledged, all within
//! the time that forges give. It runs as a function of Oracle Cloud ([`function`]), or as a plain service ([`service`]).
//!
//! - [`settings`]: which hooks there are, and where deliveries go; [`secret_source`](crate::secret_source): how
//!   they are known to come from a forge.
//! - [`door`]: what becomes of one request; [`webhook`]: of a delivery; [`event`]: of what the cloud itself tells.
//! - [`desk`]: where a delivery is safe; [`forward`]: at a server.
//! - [`controller`]: who builds what was put there.

pub mod controller;
pub mod desk;
pub mod door;
pub mod event;
pub mod forward;
pub mod function;
pub mod serve;
pub mod service;
pub mod settings;
pub mod webhook;
