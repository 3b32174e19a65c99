//! Compiles `src/main.rs` once more, static and small, and packs it, so that the library can hold it.
//!
//! Plain `rustc`, because a cargo inside of cargo waits for the outer one's lock.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=src");
    let var = |name: &str| env::var(name).expect("cargo sets it for build scripts");
    let out = PathBuf::from(var("OUT_DIR"));
    let program = out.join("monkeyci-supervisor");
    let mut rustc = Command::new(var("RUSTC"));
    rustc.args(["--edition=2024", "--crate-name=monkeyci_supervisor", "--crate-type=bin", "--cap-lints=allow"]);
    rustc.args(["--target", &var("TARGET"), "-Ctarget-feature=+crt-static", "-Cpanic=abort"]);
    rustc.args(["-Copt-level=z", "-Clto=fat", "-Ccodegen-units=1", "-Cstrip=symbols"]);
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg(format!("-Clinker={linker}"));
    }
    let output = match rustc.arg("-o").arg(&program).arg("src/main.rs").output() {
        Ok(output) => output,
        Err(error) => return failed(&format!("{rustc:?}: {error}")),
    };
    if output.status.success() {
        return match pack(&program, &out) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&format!("cannot pack {}: {error}", program.display())),
        };
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("-lc") && said.contains("cannot find") {
        return failed(
            "the supervisor is linked static, and libc.a is missing: install libc6-dev (Debian, Ubuntu), glibc-static (Fedora, Red Hat) or musl-dev (Alpine)",
        );
    }
    failed(&format!("cannot compile the supervisor:\n{said}"))
}

/// Writes the program by gzip, and how many bytes it has without.
fn pack(program: &Path, out: &Path) -> io::Result<()> {
    let bytes = fs::read(program)?;
    let mut packed = GzEncoder::new(fs::File::create(out.join("supervisor.gz"))?, Compression::best());
    packed.write_all(&bytes)?;
    packed.finish()?;
    fs::write(out.join("supervisor.length"), bytes.len().to_string())
}

fn failed(why: &str) -> ExitCode {
    for line in why.lines() {
        println!("cargo::error={line}");
    }
    ExitCode::FAILURE
}
