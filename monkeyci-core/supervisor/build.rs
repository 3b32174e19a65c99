//! Compiles `src/main.rs` once more, static and small, so that the library can hold it.
//!
//! Plain `rustc`, because a cargo inside of cargo waits for the outer one's lock.

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=src");
    let var = |name: &str| env::var(name).expect("cargo sets it for build scripts");
    let program = PathBuf::from(var("OUT_DIR")).join("monkeyci-supervisor");
    let mut rustc = Command::new(var("RUSTC"));
    rustc.args(["--edition=2024", "--crate-name=monkeyci_supervisor", "--crate-type=bin", "--cap-lints=allow"]);
    rustc.args(["--target", &var("TARGET"), "-Ctarget-feature=+crt-static", "-Cpanic=abort"]);
    rustc.args(["-Copt-level=z", "-Clto=fat", "-Ccodegen-units=1", "-Cstrip=symbols"]);
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg(format!("-Clinker={linker}"));
    }
    let output = match rustc.arg("-o").arg(program).arg("src/main.rs").output() {
        Ok(output) => output,
        Err(error) => return failed(&format!("{rustc:?}: {error}")),
    };
    if output.status.success() {
        return ExitCode::SUCCESS;
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("-lc") && said.contains("cannot find") {
        return failed(
            "the supervisor is linked static, and libc.a is missing: install libc6-dev (Debian, Ubuntu), glibc-static (Fedora, Red Hat) or musl-dev (Alpine)",
        );
    }
    failed(&format!("cannot compile the supervisor:\n{said}"))
}

fn failed(why: &str) -> ExitCode {
    for line in why.lines() {
        println!("cargo::error={line}");
    }
    ExitCode::FAILURE
}
