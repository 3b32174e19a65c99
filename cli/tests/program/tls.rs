//! A repository behind TLS whose certificate nobody signed but its owner. Needs `openssl`, which serves it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::place::{Place, Ran};

/// Serves the files of a folder; ends with this value.
struct Server {
    process: Child,
    port: String,
}

impl Server {
    fn start(folder: &Path, certificate: &Path, key: &Path) -> Self {
        let mut process = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-WWW", "-cert"])
            .arg(certificate)
            .arg("-key")
            .arg(key)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl starts");
        // It says where it listens: `ACCEPT 127.0.0.1:40123`.
        let lines = BufReader::new(process.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let port = lines.filter_map(|line| Some(line.strip_prefix("ACCEPT ")?.rsplit(':').next()?.to_owned())).next();
        Self { process, port: port.expect("a port") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn succeeds(program: &str, arguments: &[&str], folder: &Path) {
    let ran = Command::new(program).args(arguments).current_dir(folder).output().expect(program);
    assert!(ran.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_private_authority_is_trusted_where_its_certificate_is_named_and_nowhere_else() {
    if Command::new("openssl").arg("version").output().is_err() {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| name == "openssl"), "`openssl` is required and not there");
        eprintln!("skipped: openssl: the program is missing");
        return;
    }
    let place = Place::with_script("- {id: a, script: [echo fetched]}\n");
    let repo = place.repo();
    let root = repo.parent().expect("a parent");
    for arguments in [
        &["init", "--quiet", "--initial-branch=main"][..],
        &["add", "."],
        &["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "-m", "first"],
        &["clone", "--quiet", "--bare", ".", "../served.git"],
        &["--git-dir=../served.git", "update-server-info"],
    ] {
        succeeds("git", arguments, &repo);
    }
    // The old way of git needs a server of files only; this one takes the query for a part of the name.
    let refs = root.join("served.git/info/refs");
    std::fs::copy(&refs, refs.with_file_name("refs?service=git-upload-pack")).expect("copied");
    let request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    let names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    let files = ["-keyout", "key.pem", "-out", "certificate.pem"];
    succeeds("openssl", &[&request[..], &names, &files].concat(), root);
    let certificate = root.join("certificate.pem");
    let server = Server::start(root, &certificate, &root.join("key.pem"));

    let url = format!("https://localhost:{}/served.git", server.port);
    let ran = place.run(&["build", "-u", &url]);
    assert_eq!(ran.code, Some(4), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("certificate"), "{}", ran.stdout);
    let mut command = place.command(&["build", "-u", &url]);
    let ran = Ran::of(command.env("GIT_SSL_CAINFO", &certificate).output().expect("the program starts"));
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("[a] fetched"), "{}", ran.stdout);
}
