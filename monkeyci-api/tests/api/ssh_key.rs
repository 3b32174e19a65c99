//! Repositories behind a real SSH server.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::house::House;
use crate::port::port;

/// A server that lets in whoever has a key that is in its file; it ends when this is dropped.
struct Sshd {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Sshd {
    /// Nothing where this machine has no `sshd`; that is told.
    fn start() -> Option<Self> {
        let program = "/usr/sbin/sshd";
        if !Path::new(program).exists() {
            let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
            assert!(!required.split(',').any(|name| name.trim() == "sshd"), "`sshd` is required, and not there");
            eprintln!("skipped: this machine has no {program}");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["host", "other"] {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(at(name)).status();
            assert!(made.expect("ssh-keygen").success());
        }
        fs::write(at("authorized"), "").expect("a file");
        // Without privileges it has no use for its folder, and does not get it.
        let _ = fs::create_dir_all("/run/sshd");
        let port = port();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\n\
             StrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n",
            at("host").display(),
            at("authorized").display()
        );
        fs::write(at("config"), config).expect("a file");
        let mut process = Command::new(program)
            .args(["-D", "-e", "-f"])
            .arg(at("config"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("sshd starts");
        let mut log = BufReader::new(process.stderr.take().expect("piped"));
        let mut line = String::new();
        while !line.contains("Server listening") {
            line.clear();
            assert!(log.read_line(&mut line).expect("reads") > 0, "sshd ended");
        }
        // It must not block when the log fills up.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Some(Self { process, port, folder })
    }

    fn let_in(&self, public: &str) {
        fs::write(self.folder.path().join("authorized"), format!("{public}\n")).expect("writes");
    }

    fn known_hosts(&self, key: &str) -> String {
        let key = fs::read_to_string(self.folder.path().join(format!("{key}.pub"))).expect("a key");
        format!("[127.0.0.1]:{} {key}", self.port)
    }

    fn url(&self, repository: &Path) -> String {
        let user = String::from_utf8(Command::new("id").arg("-un").output().expect("id").stdout).expect("text");
        format!("ssh://{}@127.0.0.1:{}{}", user.trim(), self.port, repository.display())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_the_server_made_opens_the_repositories_with_its_labels_on_hosts_that_are_known() {
    let Some(sshd) = Sshd::start() else { return };
    let mut house = House::with_script("- {id: hello, script: ['true']}").await;
    let web = "/v1/orgs/acme/repos/web";
    let repo = json!({ "url": sshd.url(&house.repository()), "labels": { "team": "shop" } });
    house.put(web, repo).await.must(200);

    let builds = format!("{web}/builds");
    house.post(&builds, json!({})).await.must(201);
    let ended = house.ended(1).await;
    assert_eq!(ended["status"], "error");
    assert!(
        ended["message"].as_str().is_some_and(|text| text.contains("has no ssh key for this repository")),
        "{ended}"
    );

    let key = "/v1/orgs/acme/ssh-keys/deploy";
    let body = |host: &str| json!({ "labelFilters": [{ "team": "shop" }], "knownHosts": sshd.known_hosts(host) });
    let made = house.put(key, body("other")).await.must(201).json();
    sshd.let_in(made["publicKey"].as_str().expect("a public key"));
    house.post(&builds, json!({})).await.must(201);
    let ended = house.ended(2).await;
    assert_eq!(ended["status"], "error", "{ended}");
    assert!(ended["message"].as_str().is_some_and(|text| text.contains("is not among the known hosts")), "{ended}");

    let changed = house.put(key, body("host")).await.must(200).json();
    assert_eq!(changed["fingerprint"], made["fingerprint"], "what is not given stays");
    house.again().await;
    house.post(&builds, json!({})).await.must(201);
    let ended = house.ended(3).await;
    assert_eq!(ended["status"], "success", "{ended}");

    let other = json!({ "labelFilters": [{ "team": "pay" }], "knownHosts": sshd.known_hosts("host") });
    house.put(key, other).await.must(200);
    house.post(&builds, json!({})).await.must(201);
    assert_eq!(house.ended(4).await["status"], "error");
    let left = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
    let of_git = left.filter(|entry| entry.file_name().to_string_lossy().starts_with("monkeyci-git-"));
    for folder in of_git {
        // Others on this machine may fetch at this moment; ours are over.
        let key = fs::read_to_string(folder.path().join("known_hosts")).unwrap_or_default();
        assert!(!key.contains(&format!("[127.0.0.1]:{}", sshd.port)), "{}", folder.path().display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_given_never_comes_out_and_what_is_none_is_refused() {
    let house = House::with_script("[]").await;
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("key");
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f"]).arg(&file).status();
    assert!(made.expect("ssh-keygen").success());
    let private = fs::read_to_string(&file).expect("a key");
    let inside = private.lines().nth(2).expect("a line of it").to_owned();
    let key = "/v1/orgs/acme/ssh-keys/deploy";
    let shown = house.put(key, json!({ "privateKey": private })).await.must(201).json();
    let public = fs::read_to_string(dir.path().join("key.pub")).expect("a key");
    assert_eq!(shown["publicKey"], public.trim());
    for path in [key, "/v1/orgs/acme/ssh-keys", "/v1/orgs/acme/audit"] {
        let shown = house.get(path).await.must(200).text;
        assert!(!shown.contains(&inside) && !shown.contains("PRIVATE"), "{path}: {shown}");
    }
    for entry in fs::read_dir(house.dir.path().join("state")).expect("a folder").flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let bytes = fs::read(entry.path()).expect("reads");
            let found = bytes.windows(inside.len()).any(|window| window == inside.as_bytes());
            assert!(!found, "{}", entry.path().display());
        }
    }
    let again = house.put(key, json!({ "privateKey": private, "description": "of the shop" })).await.must(200).json();
    assert_eq!((again["version"].as_u64(), again["revision"].as_u64()), (Some(2), Some(2)));
    for (body, pointer) in [
        (json!({ "privateKey": "hunter22" }), "/privateKey"),
        (json!({ "knownHosts": "git.example.com" }), "/knownHosts"),
        (json!({ "labelFilters": [{}] }), "/labelFilters/0"),
    ] {
        let refused = house.put(key, body).await.must(422);
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer, "{}", refused.text);
        assert!(!refused.text.contains("hunter22"), "{}", refused.text);
    }
    house.delete(key).await.must(204);
    house.get(key).await.must(404);
}
