//! The program as a person runs it: what it prints, and how it ends.

#[path = "../../../tests/fixture/port.rs"]
mod port;

mod account;
mod build;
mod called;
mod debug;
mod front;
mod function;
mod hook;
mod hook_cloud;
mod init;
mod interrupt;
mod place;
mod plan;
mod power;
mod pty;
mod register;
mod remote;
mod role;
mod rust;
mod served;
mod shell;
mod shell_limits;
mod subscription;
mod terminal;
mod tls;
mod trust;
mod usage;
mod worker;
