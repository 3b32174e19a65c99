//! A program that leads a session of its own on the terminal that standard input is: so that it may have jobs in the
//! foreground and the background, and the terminal's keys reach them and nobody else.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::sys;

/// A command that starts `program` so; arguments may be added.
pub fn leader(program: &OsStr) -> io::Result<Command> {
    // On Linux by what it is: whom the program runs as may not see where it lies.
    let ours = if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe()? };
    let mut command = Command::new(ours);
    command.arg("on-terminal").arg(program);
    Ok(command)
}

/// Becomes `program` as the leader of a new session on our terminal; returns only when that cannot be.
pub fn become_leader(program: &str, arguments: &[&str]) -> io::Error {
    sys::new_session();
    if let Err(error) = sys::take_terminal() {
        return io::Error::new(error.kind(), format!("the terminal cannot be taken: {error}"));
    }
    let error = Command::new(program).args(arguments).exec();
    io::Error::new(error.kind(), format!("`{program}` cannot run: {error}"))
}
