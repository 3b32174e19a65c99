//! Process 1 of every job.

fn main() -> std::process::ExitCode {
    eprintln!("usage: monkeyci-supervisor run|follow|remove …");
    std::process::ExitCode::from(2)
}
