//! Puts the JSON Schemas of what MonkeyCI reads and writes into the program: one packed object, by their names. And has the
//! program linked small.

use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> std::io::Result<()> {
    pack_relocations();
    let place = |name: &str| PathBuf::from(std::env::var_os(name).unwrap_or_default());
    let folder = place("CARGO_MANIFEST_DIR").join("../sdk/model/schemas");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    let mut packed =
        GzEncoder::new(std::fs::File::create(place("OUT_DIR").join("schemas.json.gz"))?, Compression::best());
    let mut before = "{";
    for file in files {
        println!("cargo::rerun-if-changed={}", file.display());
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        write!(packed, "{before}{name:?}:{}", std::fs::read_to_string(&file)?)?;
        before = ",";
    }
    packed.write_all(b"}")?;
    packed.finish()?.sync_all()
}

/// Has a program that is released tell the loader where addresses are to be filled in by a bit each instead of 24 bytes: that
/// is 0.8 MB of 26, in the file and in memory. Only from 2.36 on can the C library read that, so that it depends on the one here.
fn pack_relocations() {
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    let is_native = std::env::var("HOST") == std::env::var("TARGET") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if is_native && is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && c_library() >= Some((2, 36)) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of the C library of this machine, where it is GNU's and says so.
fn c_library() -> Option<(u32, u32)> {
    let said = std::process::Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
