//! Stories with real repositories and servers.

mod attacks;
mod fixture;
mod folder;
mod fork;
mod http;
mod remote;
mod ssh;
