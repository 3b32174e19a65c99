//! The clients against what Oracle's own client has sent, and against services that refuse, break and repeat themselves.

mod container_instances;
mod golden;
mod listener;
mod retry;
