//! Puts the JSON Schemas of what MonkeyCI reads and writes into the program: one packed object, by their names.

use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> std::io::Result<()> {
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
