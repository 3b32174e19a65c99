//! Who may depend on whom.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::sources;

/// Each crate and the crates of the house that it may depend on. Whatever is not here may depend on nothing.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("monkeyci-model", &[]),
    ("monkeyci-supervisor", &[]),
    (
        "monkeyci-core",
        &["monkeyci-model", "monkeyci-supervisor", "monkeyci-oracle-emulator", "oci-services", "oci-signer"],
    ),
    ("monkeyci-rest", &["monkeyci-model"]),
    ("monkeyci-client", &["monkeyci-model", "monkeyci-rest"]),
    ("oci-signer", &["monkeyci-oracle-emulator"]),
    ("oci-services", &["oci-signer", "monkeyci-oracle-emulator"]),
    ("monkeyci-oracle-emulator", &["oci-signer"]),
    ("monkeyci-api", &["monkeyci-core", "monkeyci-rest", "oci-signer", "monkeyci-oracle-emulator", "oci-services"]),
    ("monkeyci-sdk", &["monkeyci-model"]),
    ("monkeyci-conformance", &["monkeyci-sdk"]),
    ("monkeyci-plugin-coverage", &["monkeyci-sdk"]),
    ("monkeyci-plugin-image", &["monkeyci-sdk"]),
    ("monkeyci-plugin-notify", &["monkeyci-sdk"]),
    ("monkeyci-plugin-release", &["monkeyci-sdk"]),
    ("tfplugin-derive", &[]),
    ("tfplugin", &["tfplugin-derive"]),
    ("monkeyci-grammar", &["monkeyci-rest"]),
    ("monkeyci-slack", &["monkeyci-client", "monkeyci-grammar", "monkeyci-slack-emulator"]),
    ("monkeyci-slack-emulator", &[]),
    ("terraform-provider-monkeyci", &["monkeyci-client", "tfplugin"]),
    (
        "monkeyci",
        &[
            "monkeyci-core",
            "monkeyci-api",
            "monkeyci-client",
            "oci-signer",
            "oci-services",
            "monkeyci-oracle-emulator",
            "monkeyci-grammar",
        ],
    ),
    (
        "monkeyci-tests",
        &[
            "monkeyci-core",
            "monkeyci-oracle-emulator",
            "monkeyci-plugin-coverage",
            "monkeyci-plugin-image",
            "monkeyci-plugin-notify",
            "monkeyci-plugin-release",
            "monkeyci-sdk",
            "monkeyci",
            "oci-services",
            "oci-signer",
        ],
    ),
];

#[test]
fn crates_import_in_one_direction() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(sources::root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let ours: BTreeSet<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let allowed = MAY_IMPORT.iter().find(|(crate_, _)| *crate_ == name).map_or(&[][..], |(_, allowed)| allowed);
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let dependency = dependency["name"].as_str().expect("a name");
            // A crate names itself to have a feature in its own tests.
            if dependency != name && ours.contains(dependency) && !allowed.contains(&dependency) {
                wrong.push(format!("{name} → {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "these imports go against the house (docs/ARCHITECTURE.md): {wrong:#?}");
}
