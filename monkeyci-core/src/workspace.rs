//! The private copy of a checkout that each job starts from.
//!
//! [`copy_tree`] makes it, [`remove_tree`] takes it away. A job owns its copy and may do anything to it, so nothing in
//! it is shared with the checkout but blocks that the file system itself copies on write. In particular the objects of
//! `.git` are copied and never hard-linked: a job running as root could write through the link into every other job.

mod copy;
mod remove;

pub use copy::{Copied, Method, copy_tree};
pub(crate) use copy::{Copier, copying};
pub(crate) use remove::remove_beneath;
pub use remove::remove_tree;
