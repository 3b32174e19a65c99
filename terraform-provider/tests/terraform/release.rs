//! What `scripts/release-provider` makes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::workspace::{Workspace, platform};

const PROGRAM: &str = env!("CARGO_BIN_EXE_terraform-provider-monkeyci");
const SOURCE: &str = "registry.terraform.io/monkeyci/monkeyci";

/// Runs a program in a folder, with the keys of GnuPG in another.
fn run(program: &str, arguments: &[&str], folder: &Path, keys: &Path) -> Output {
    let output = Command::new(program).args(arguments).current_dir(folder).env("GNUPGHOME", keys).output();
    output.unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// Packs the program that was compiled for the tests; returns the names of what was made.
pub fn release(out: &Path, more: &[&str]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("scripts").join("release-provider");
    let package = format!("{}={PROGRAM}", platform());
    let script = script.to_str().expect("a path of letters");
    let arguments = [&["--out", out.to_str().expect("a path of letters")], more, &[&package]].concat();
    let folder = out.parent().expect("a folder");
    std::fs::create_dir_all(folder).expect("made");
    let ran = run(script, &arguments, folder, folder);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).lines().map(str::to_owned).collect()
}

/// Whether there is a program, by the name that requires it; says so where there is none.
pub fn has(name: &str, program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|ran| ran.status.success());
    let listed = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    assert!(found || !listed.split(',').any(|required| required == name || required == "all"), "required: {name}");
    if !found {
        eprintln!("skipped: {name}: {program} is not in PATH");
    }
    found
}

#[test]
fn a_release_is_what_a_registry_takes() {
    if !has("python", "python3") || !has("gpg", "gpg") {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let who = "Releases <releases@example.com>";
    let key =
        run("gpg", &["--batch", "--passphrase", "", "--quick-gen-key", who, "ed25519", "sign"], dir.path(), dir.path());
    assert!(key.status.success(), "{}", String::from_utf8_lossy(&key.stderr));
    let out = dir.path().join("release");
    let mut made = release(&out, &["--sign", "releases@example.com"]);
    let name = format!("terraform-provider-monkeyci_{}", env!("CARGO_PKG_VERSION"));
    let endings = ["SHA256SUMS", "SHA256SUMS.sig", &format!("{}.zip", platform()), "manifest.json"];
    let mut expected = endings.map(|ending| format!("{name}_{ending}"));
    made.sort();
    expected.sort();
    assert_eq!(made, expected);
    let manifest = std::fs::read_to_string(out.join(format!("{name}_manifest.json"))).expect("a file");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    assert_eq!(manifest, serde_json::json!({ "version": 1, "metadata": { "protocol_versions": ["6.0"] } }));
    let verified = run("gpg", &["--verify", &expected[1], &expected[0]], &out, dir.path());
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let summed = run("sha256sum", &["--check", &expected[0]], &out, &out);
    assert!(summed.status.success(), "{}", String::from_utf8_lossy(&summed.stderr));

    // The same program is the same package, byte for byte.
    let again = dir.path().join("again");
    release(&again, &[]);
    let bytes = |folder: &PathBuf| std::fs::read(folder.join(format!("{name}_{}.zip", platform()))).expect("a file");
    assert!(bytes(&out) == bytes(&again));
}

#[test]
fn a_release_is_installed_from_a_folder() {
    if !has("python", "python3") {
        return;
    }
    let Some(w) = Workspace::installing("filesystem_mirror {\n path = \"mirror\"\n }\n") else { return };
    release(&w.path().join("mirror").join(SOURCE), &[]);
    w.write("provider.tf", &w.read("provider.tf").replace("registry.test/monkeyci/monkeyci", "monkeyci/monkeyci"));
    w.write("main.tf", "resource \"monkeyci_org\" \"acme\" {\n  slug = \"acme\"\n}\n");
    w.succeeds(&["init"]);
    let lock = w.read(".terraform.lock.hcl");
    assert!(lock.contains(SOURCE) && lock.contains("\"h1:"), "{lock}");
    w.apply();
    w.is_settled();
    // A package that is changed afterwards is not taken.
    let package = format!("terraform-provider-monkeyci_{}_{}.zip", env!("CARGO_PKG_VERSION"), platform());
    let packed = w.path().join("mirror").join(SOURCE).join(package);
    std::fs::remove_dir_all(w.path().join(".terraform")).expect("it was there");
    let other = tempfile::tempdir().expect("a folder");
    let changed = other.path().join("changed");
    std::fs::write(&changed, "another program").expect("a file");
    let pack = "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').write(sys.argv[2], sys.argv[3])";
    let inside = format!("terraform-provider-monkeyci_v{}", env!("CARGO_PKG_VERSION"));
    let paths = [packed.to_str().expect("letters"), changed.to_str().expect("letters"), &inside];
    let packed = run("python3", &[&["-c", pack][..], &paths].concat(), other.path(), other.path());
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let said = w.fails(&["init"]);
    assert!(said.contains("doesn't match any of the checksums"), "{said}");
}
