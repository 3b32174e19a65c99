//! The server as a provider registry and a mirror of Terraform. That the real one takes what is here, the provider's own
//! tests show.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use http::Method;
use serde_json::json;

use super::house::House;

const PROVIDER: &str = "/v1/terraform/providers/monkeyci/monkeyci";
const MIRROR: &str = "/terraform/mirror/registry.terraform.io/monkeyci/monkeyci";

/// Packs something as a release does.
fn package(folder: &Path, version: &str, platform: &str, content: &str) -> String {
    let name = format!("terraform-provider-monkeyci_{version}_{platform}.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(folder.join(&name)).expect("a file"));
    let inside = format!("terraform-provider-monkeyci_v{version}");
    zip.start_file(inside, zip::write::SimpleFileOptions::DEFAULT).expect("begun");
    zip.write_all(content.as_bytes()).expect("packed");
    zip.finish().expect("ended");
    name
}

/// A server with packages of two versions, beside files that are none.
async fn stocked() -> House {
    let house = House::set_up(|config| {
        let folder = config.state.with_file_name("providers");
        fs::create_dir(&folder).expect("a folder");
        package(&folder, "0.1.0", "linux_amd64", "first");
        package(&folder, "0.2.0", "linux_amd64", "second");
        package(&folder, "0.2.0", "darwin_arm64", "for another");
        fs::write(folder.join("secret.txt"), "nobody's business").expect("a file");
        fs::write(folder.join("terraform-provider-monkeyci_9.9.9_linux.zip"), "no name of a package").expect("a file");
        config.terraform.providers = Some(folder);
    });
    house.await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_and_a_mirror_have_what_is_in_the_folder() {
    let house = stocked().await;
    let ask = |path: String| {
        let house = &house;
        // Terraform has no token.
        async move { house.ask(None, Method::GET, &path, None).await.must(200) }
    };
    assert_eq!(ask("/.well-known/terraform.json".into()).await.json()["providers.v1"], "/v1/terraform/providers/");
    let versions = ask(format!("{PROVIDER}/versions")).await.json();
    let linux = json!({ "os": "linux", "arch": "amd64" });
    let expected = json!({ "versions": [
        { "version": "0.1.0", "protocols": ["6.0"], "platforms": [linux] },
        { "version": "0.2.0", "protocols": ["6.0"], "platforms": [{ "os": "darwin", "arch": "arm64" }, linux] },
    ] });
    assert_eq!(versions, expected);

    let shown = ask(format!("{PROVIDER}/0.2.0/download/linux/amd64")).await.json();
    let text = |field: &str| shown[field].as_str().expect("a text").to_owned();
    let sums = ask(text("shasums_url")).await.text;
    assert!(
        sums.contains(&format!("{}  {}\n", text("shasum"), text("filename"))) && sums.lines().count() == 2,
        "{sums}"
    );
    let zip = fs::read(house.dir.path().join("providers").join(text("filename"))).expect("it is there");
    let sent = ask(text("download_url")).await;
    assert_eq!(sent.headers["content-type"], "application/zip");
    assert_eq!(sent.headers["content-length"], zip.len().to_string().as_str());
    assert!(text("shasums_signature_url").ends_with("/0.2.0/files/SHA256SUMS.sig"));
    ask(text("shasums_signature_url")).await;
    assert!(shown["signing_keys"]["gpg_public_keys"][0]["ascii_armor"].as_str().expect("a key").contains("PUBLIC KEY"));

    let index = ask(format!("{MIRROR}/index.json")).await.json();
    assert_eq!(index, json!({ "versions": { "0.1.0": {}, "0.2.0": {} } }));
    let archives = ask(format!("{MIRROR}/0.2.0.json")).await.json()["archives"].clone();
    assert_eq!(archives["linux_amd64"]["url"], text("filename"));
    assert_eq!(archives["linux_amd64"]["hashes"][0], format!("zh:{}", text("shasum")));
    ask(format!("{MIRROR}/{}", text("filename"))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_that_changes_is_read_again_and_one_against_its_sum_is_not_handed_out() {
    let house = stocked().await;
    let folder = house.dir.path().join("providers");
    let sum = || async {
        let shown = house.get(&format!("{PROVIDER}/0.1.0/download/linux/amd64")).await;
        (shown.status.is_success()).then(|| shown.json()["shasum"].as_str().expect("a sum").to_owned())
    };
    let before = sum().await.expect("it is handed out");
    let name = package(&folder, "0.1.0", "linux_amd64", "first, and mended");
    let after = sum().await.expect("it is handed out");
    assert_ne!(before, after);

    let list = folder.join("terraform-provider-monkeyci_0.1.0_SHA256SUMS");
    fs::write(&list, format!("{before}  {name}\n")).expect("a file");
    assert_eq!(sum().await, None);
    fs::write(&list, format!("{after}  {name}\n")).expect("a file");
    assert_eq!(sum().await, Some(after));

    // A broken one is told to the operator, and the others are handed out.
    fs::write(folder.join(&name), "no zip").expect("a file");
    assert_eq!(sum().await, None);
    assert_eq!(house.get(&format!("{PROVIDER}/versions")).await.must(200).json()["versions"][0]["version"], "0.2.0");
    fs::remove_dir_all(&folder).expect("it was there");
    house.get(&format!("{PROVIDER}/versions")).await.must(503);
}

/// What somebody may ask for that is none of the packages.
const HOSTILE: &[(&str, &str)] = &[
    ("I19 the folder above for a version of the provider", "%2e%2e"),
    ("I20 a path for a version of the provider", "%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
    ("I21 a path from the root for a platform of the provider", "%2fetc%2fpasswd"),
    ("I22 another file of the folder of providers", "secret.txt"),
    ("I23 the folder of providers itself", "%2e"),
    ("I24 NUL behind a version of the provider", "0.1.0%00"),
    ("I25 a wildcard for a platform of the provider", "%2a"),
    ("I26 a newline within a version of the provider", "0.1.0%0a0.2.0"),
    ("I27 a link to elsewhere in the folder of providers", "terraform-provider-monkeyci_0.1.0_link.zip"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_package_is_not_found_whatever_it_is_called() {
    let house = stocked().await;
    let link = house.dir.path().join("providers/terraform-provider-monkeyci_0.1.0_link.zip");
    std::os::unix::fs::symlink("/etc/passwd", link).expect("a link");
    for (case, word) in HOSTILE {
        for path in [
            format!("{PROVIDER}/{word}/download/linux/amd64"),
            format!("{PROVIDER}/0.1.0/download/{word}/amd64"),
            format!("{PROVIDER}/0.1.0/download/linux/{word}"),
            format!("{PROVIDER}/{word}/files/SHA256SUMS"),
            format!("{PROVIDER}/0.1.0/files/{word}"),
            format!("{PROVIDER}/0.1.0/files/{word}.zip"),
            format!("{MIRROR}/{word}"),
            format!("{MIRROR}/{word}.json"),
            format!("/terraform/mirror/registry.terraform.io/{word}/monkeyci/index.json"),
        ] {
            let answer = house.ask(None, Method::GET, &path, None).await;
            assert!(matches!(answer.status.as_u16(), 400 | 404), "{case}: {path}: {} {}", answer.status, answer.text);
            assert!(answer.text.len() < 1000 && !answer.text.contains("root:"), "{case}: {path}: {}", answer.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_package_of_a_server_that_was_killed_is_swept_away_at_the_next_start() {
    let house = House::set_up(|config| {
        let folder = config.state.join("terraform");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(".unfinished-x1y2z3"), "PK").expect("a file");
        package(&folder, "0.0.1", "linux_amd64", "whole");
    });
    let house = house.await;
    let left = fs::read_dir(house.dir.path().join("state/terraform")).expect("a folder");
    let mut left: Vec<_> = left.map(|entry| entry.expect("an entry").file_name()).collect();
    left.sort();
    assert_eq!(left, ["terraform-provider-monkeyci_0.0.1_linux_amd64.zip"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_provider_says_so() {
    let house = House::empty().await;
    let said = house.ask(None, Method::GET, &format!("{PROVIDER}/versions"), None).await.must(404);
    assert!(said.text.contains("package of the provider"), "{}", said.text);
}
