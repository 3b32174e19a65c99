//! Typed clients of Oracle Cloud's services, over the signed requests of [`oci_signer`].
//!
//! A [`Service`] is one of them in one region. What is asked of it is a [`Call`]: it is signed, sent, sent again where
//! that may help and does no harm, and answered by an [`Answer`] or an [`Error`] that has Oracle's own code, message and
//! request id. Around that, each service is a folder or a file with what is sent and answered, written by hand from what
//! Oracle's own clients send.
//!
//! ```no_run
//! # async fn run(client: oci_signer::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use oci_services::container_instances::{ContainerInstances, Lifecycle};
//!
//! let instances = ContainerInstances::in_region(client, "eu-frankfurt-1")?;
//! for instance in instances.list_all("ocid1.compartment.oc1..aaaa").await? {
//!     if instance.lifecycle_state == Lifecycle::Failed {
//!         instances.delete(&instance.id).await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! It imports nothing of MonkeyCI and can be used alone.

mod call;
mod error;
mod login;
mod page;
mod service;

pub mod container_instances;
pub mod limits;
pub mod object_storage;
pub mod queue;
pub mod retry;
pub mod secrets;
pub mod streaming;
pub mod work_request;

pub use call::{Answer, Call};
pub use error::{Error, Refusal};
pub use login::Login;
pub use page::Page;
pub use retry::Retry;
pub use service::Service;
