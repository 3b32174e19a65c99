//! A worker elsewhere: the one of the library, with everything that it needs from a server.
//!
//! `link` is the interface of its leases over HTTP, `supplies` what each job needs: a checkout from `checkouts`, a compiled
//! program, and artifacts and caches, which `blobs` shows as a store. People
//! who want a shell come by `visits`. All of that lies in its `home`.

mod blobs;
mod checkouts;
#[cfg(test)]
mod contract;
pub mod home;
pub mod link;
mod patience;
pub mod supplies;
mod visits;
