//! A double of Oracle Cloud for tests.
//!
//! It verifies every request by the rules of Oracle's documentation, with the public key alone; it refuses what the real one
//! refuses, with its codes; and it really runs containers. It knows nothing of us, and is itself held against Oracle's own
//! SDK and command line. All services are at one address, told apart by their paths.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use oracle_emulator::{Fault, Oracle};
//!
//! let oracle = Oracle::start().await;
//! let user = oracle.user();
//! let config = user.write(std::path::Path::new("/tmp/oci"))?; // what `~/.oci/config` is to clients
//! oracle.state().faults.push_back(Fault::out_of_capacity().on("POST", "/containerInstances").times(2));
//! // … a client with that configuration and `oracle.url()` as its endpoint …
//! assert_eq!(oracle.statuses(), [500, 500, 200]);
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! Dates of requests, lifecycles, visibility and the ends of tokens follow the double's own [`Clock`], which runs as time does
//! until a test winds it. What containers do takes the time that it takes.
//!
//! # Modules in reading order
//!
//! - [`Oracle`] serves; `cloud` is all that there is, [`World`] what it knows, [`Settings`] what may be set of it.
//! - `serve`: a request on its way, from `call` to `reply` or `refusal`; [`fault`]: what goes wrong on purpose;
//!   `verify`: whether it is believed.
//! - `service`: a module for each service, and one line in its list. `shape` and `page` are what they share: fields of
//!   bodies, and pages of lists.
//! - `function`: asks a function over its socket.
//! - `run`: containers, by Docker or as processes ([`Engine`]).
//! - `control`: the same for tests in other languages, as JSON at `/_control`.

mod call;
pub mod clock;
mod cloud;
mod control;
pub mod fault;
mod function;
mod oracle;
mod page;
mod refusal;
mod reply;
mod run;
mod serve;
mod service;
pub mod settings;
mod shape;
mod time;
pub mod user;
mod verify;
pub mod world;

pub use clock::Clock;
pub use fault::Fault;
pub use oracle::Oracle;
pub use run::{Engine, Reach};
pub use settings::Settings;
pub use user::{User, token};
pub use world::World;
