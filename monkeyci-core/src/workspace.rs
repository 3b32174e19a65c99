//! The private copy of a checkout that each job starts from.
//!
//! [`copy_tree`] makes it, [`remove_tree`] takes it away. A job owns its copy and may do anything to it, so nothing in
//! it is shared with the checkout but blocks that the file system itself copies on write. In particular the objects of
//! `.git` are copied and never hard-linked: a job running as root could write through the link into every other job.

mod copy;
#[cfg(any(feature = "docker", feature = "sidecar"))]
mod give;
mod remove;
#[cfg(any(feature = "docker", feature = "sidecar"))]
mod room;

pub use copy::{Copied, Method, copy_tree};
pub(crate) use copy::{Copier, copying};
#[cfg(any(feature = "docker", feature = "sidecar"))]
pub(crate) use give::{give, open_mode};
pub(crate) use remove::remove_beneath;
pub use remove::remove_tree;
#[cfg(any(feature = "docker", feature = "sidecar"))]
pub(crate) use room::make_room;
