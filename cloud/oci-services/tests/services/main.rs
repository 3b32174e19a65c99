//! The clients against what Oracle's own client has sent, and against services that refuse, break and repeat themselves.

#[cfg(feature = "object-store")]
mod bucket_store;
mod container_instances;
mod golden;
mod limits;
mod listener;
mod object_storage;
mod queue;
mod retry;
mod secrets;
mod streaming;
