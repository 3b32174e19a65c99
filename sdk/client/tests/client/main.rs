//! The client against a server that says exactly what a test has it say, and notes what it is asked.

mod artifact;
mod events;
mod hostile;
mod integration;
mod log;
mod page;
mod retry;
mod server;
