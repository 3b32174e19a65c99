//! Fetching over SSH, from a real server on a port of this machine.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::fixture::{Repo, fetch, has, text};
use crate::port::port;
use crate::source::{Credentials, GitRemote, SourceError, SshKey};

/// A server that lets one key in; it ends when this is dropped.
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

fn keygen(path: &Path) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(path).status();
    assert!(made.expect("ssh-keygen").success());
}

impl Sshd {
    fn start() -> Option<Self> {
        let program = "/usr/sbin/sshd";
        if !has("sshd", program) || !has("git", "git") {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["host", "user", "other"] {
            keygen(&at(name));
        }
        fs::copy(at("user.pub"), at("authorized")).expect("copies");
        // When it runs as root, it wants this folder to shut its children in.
        if rustix::process::getuid().is_root() {
            fs::create_dir_all("/run/sshd").expect("a folder for sshd");
        }
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

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).expect(name)
    }

    fn known_hosts(&self, key: &str) -> String {
        format!("[127.0.0.1]:{} {}", self.port, self.read(&format!("{key}.pub")))
    }

    fn remote(&self, repo: &Repo, key: &str, host_key: &str) -> GitRemote {
        let user = String::from_utf8(Command::new("id").arg("-un").output().expect("id").stdout).expect("text");
        let url = format!("ssh://{}@127.0.0.1:{}{}", user.trim(), self.port, repo.root().display());
        let key = SshKey { private_keys: vec![self.read(key)], known_hosts: self.known_hosts(host_key) };
        let url = url.parse().expect("a url");
        GitRemote { allow_private: true, credentials: Credentials::SshKey(key), ..GitRemote::new(url) }
    }
}

#[tokio::test]
async fn a_key_from_memory_opens_and_the_host_is_verified() {
    let (Some(repo), Some(sshd)) = (Repo::new(), Sshd::start()) else { return };
    let (_into, checkout) = fetch(&sshd.remote(&repo, "user", "host")).await;
    let checkout = checkout.expect("fetches");
    assert_eq!(text(&checkout, "src/main.rs"), "fn main() {}\n");

    let error = fetch(&sshd.remote(&repo, "user", "other")).await.1.expect_err("another host's key");
    assert!(matches!(error, SourceError::HostKey { .. }), "{error}");

    let mut unknown = sshd.remote(&repo, "user", "host");
    let key = SshKey { private_keys: vec![sshd.read("user")], known_hosts: String::new() };
    unknown.credentials = Credentials::SshKey(key);
    let error = fetch(&unknown).await.1.expect_err("no known host");
    assert!(matches!(error, SourceError::HostKey { .. }), "{error}");

    let error = fetch(&sshd.remote(&repo, "other", "host")).await.1.expect_err("another key");
    assert!(matches!(error, SourceError::Auth { .. }), "{error}");

    let mut damaged = sshd.remote(&repo, "user", "host");
    let key = SshKey { private_keys: vec!["no key".into()], known_hosts: sshd.known_hosts("host") };
    damaged.credentials = Credentials::SshKey(key);
    let error = fetch(&damaged).await.1.expect_err("no key at all");
    assert!(matches!(error, SourceError::Auth { .. }), "{error}");

    let mut several = sshd.remote(&repo, "user", "host");
    let keys = vec![sshd.read("other"), sshd.read("user")];
    several.credentials = Credentials::SshKey(SshKey { private_keys: keys, known_hosts: sshd.known_hosts("host") });
    fetch(&several).await.1.expect("one of them opens");
}
