//! Artifacts and caches: tar and zstd in an object store.
//!
//! - [`archive`]: files and folders become bytes, and back, by a reader that no archive can escape.
//! - [`store`]: bytes under keys, whole and unchanged or not at all.
//! - [`artifact`]: what a job keeps for other jobs and for people.
//! - [`cache`]: what survives from build to build, in scopes of trust.
//! - [`place`]: where objects are kept, as people write it down.
//! - [`portion`]: what of both one attempt may see and write, for one that runs on another machine.

pub mod archive;
pub mod artifact;
pub mod cache;
pub mod place;
pub mod portion;
pub mod store;

pub(crate) mod beneath;
mod files;
pub(crate) mod find;
mod seal;

pub use artifact::{ArtifactError, Artifacts};
pub use cache::{CacheError, Caches};
pub use files::FilesError;
pub use place::{Place, PlaceError};
pub use portion::{Kept, Portion};
pub use store::{BlobError, Blobs};
