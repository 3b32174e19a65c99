//! Stories with real repositories and servers.

mod attacks;
mod fixture;
mod folder;
mod http;
mod remote;
mod ssh;
