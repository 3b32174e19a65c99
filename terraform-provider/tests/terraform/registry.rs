//! The server hands out the provider itself, to a Terraform that trusts its certificate. `SSL_CERT_FILE` is for Linux.

use crate::release::{has, release};
use crate::workspace::{Workspace, platform};

const ORG: &str = "resource \"monkeyci_org\" \"acme\" {\n  slug = \"acme\"\n}\n";

/// Has a configuration take the provider from somewhere.
fn source(w: &Workspace, source: &str) {
    w.write("provider.tf", &w.read("provider.tf").replace("registry.test/monkeyci/monkeyci", source));
    w.write("main.tf", ORG);
}

/// The server, as a host of sources.
fn host(w: &Workspace) -> String {
    format!("localhost:{}", w.server.url.rsplit(':').next().expect("a port"))
}

#[test]
fn a_configuration_names_the_server_as_the_host_of_the_provider() {
    let Some(w) = Workspace::with_tls("") else { return };
    w.installs("direct {}");
    source(&w, &format!("{}/monkeyci/monkeyci", host(&w)));
    let said = w.succeeds(&["init"]);
    assert!(said.contains("(self-signed, key ID ") && said.contains("Installed localhost:"), "{said}");
    let lock = w.read(".terraform.lock.hcl");
    assert!(lock.contains("\"h1:") && lock.contains("\"zh:"), "{lock}");
    w.apply();
    w.is_settled();

    // The lock file holds what comes afterwards to what came first.
    std::fs::remove_dir_all(w.path().join(".terraform")).expect("it was there");
    assert!(w.succeeds(&["init"]).contains("Reusing previous version"));
    assert_eq!(w.read(".terraform.lock.hcl"), lock);
    w.write(".terraform.lock.hcl", &lock.replace("\"h1:", "\"h1:A").replace("\"zh:", "\"zh:0"));
    std::fs::remove_dir_all(w.path().join(".terraform")).expect("it was there");
    assert!(w.fails(&["init"]).contains("doesn't match any of the checksums"));

    w.write("provider.tf", &w.read("provider.tf").replace("source = ", "version = \"9.9.9\", source = "));
    assert!(w.fails(&["init", "-upgrade"]).contains("no available releases match"));
}

#[test]
fn a_server_is_the_mirror_of_every_registry() {
    if !has("python", "python3") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let packages = folder.path().join("providers");
    let configuration = format!("[terraform]\nproviders = {packages:?}\n");
    let Some(w) = Workspace::with_tls(&configuration) else { return };
    release(&packages, &[]);
    let url = format!("https://{}/terraform/mirror/", host(&w));
    w.installs(&format!(
        "network_mirror {{\n url = \"{url}\"\n include = [\"registry.terraform.io/monkeyci/monkeyci\"]\n}}"
    ));
    source(&w, "monkeyci/monkeyci");
    w.succeeds(&["init"]);
    let lock = w.read(".terraform.lock.hcl");
    assert!(lock.contains("registry.terraform.io/monkeyci/monkeyci") && lock.contains("\"h1:"), "{lock}");
    w.apply();
    w.is_settled();

    // The hashes that the mirror tells of the platform are those of what is installed.
    let command = ["providers", "lock", &format!("-net-mirror={url}"), &format!("-platform={}", platform())];
    let locked = w.succeeds(&command);
    assert!(locked.contains("found no need for changes"), "{locked}");
    let zip = packages.join(format!("terraform-provider-monkeyci_{}_{}.zip", env!("CARGO_PKG_VERSION"), platform()));
    let bytes = std::fs::read(&zip).expect("a file");
    std::fs::write(&zip, &bytes[..bytes.len() - 1]).expect("a file");
    std::fs::remove_dir_all(w.path().join(".terraform")).expect("it was there");
    // A package that is broken is not handed out.
    assert!(w.fails(&["init"]).contains("was not found in any of the search locations"));
}
