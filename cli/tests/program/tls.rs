//! Servers behind TLS whose certificates a private authority has signed. Needs `openssl`, which serves them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
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

/// Whether there is an `openssl`; where it is required there must be.
fn is_there() -> bool {
    let found = Command::new("openssl").arg("version").output().is_ok();
    let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
    assert!(found || !required.split(',').any(|name| name == "openssl"), "`openssl` is required and not there");
    if !found {
        eprintln!("skipped: openssl: the program is missing");
    }
    found
}

/// Serves `root` with a certificate that a private authority has signed, whose own is returned.
fn serve(root: &Path) -> (Server, PathBuf) {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let authority = ["-days", "2", "-subj", "/CN=Acme", "-keyout", "authority-key.pem", "-out", "authority.pem"];
    succeeds("openssl", &[&["req", "-x509"][..], &key, &authority].concat(), root);
    let wish = ["-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "wish.pem"];
    succeeds("openssl", &[&["req"][..], &key, &wish].concat(), root);
    std::fs::write(root.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").expect("written");
    let signed = ["x509", "-req", "-in", "wish.pem", "-CA", "authority.pem", "-CAkey", "authority-key.pem"];
    let out = ["-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "certificate.pem"];
    succeeds("openssl", &[&signed[..], &out].concat(), root);
    let server = Server::start(root, &root.join("certificate.pem"), &root.join("key.pem"));
    (server, root.join("authority.pem"))
}

#[test]
fn a_private_authority_is_trusted_where_its_certificate_is_named_and_nowhere_else() {
    if !is_there() {
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
    let (server, authority) = serve(root);

    let url = format!("https://localhost:{}/served.git", server.port);
    let ran = place.run(&["build", "-u", &url]);
    assert_eq!(ran.code, Some(4), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("certificate"), "{}", ran.stdout);
    let mut command = place.command(&["build", "-u", &url]);
    let ran = Ran::of(command.env("GIT_SSL_CAINFO", &authority).output().expect("the program starts"));
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("[a] fetched"), "{}", ran.stdout);
}

#[test]
fn a_server_whose_authority_the_user_names_is_trusted_too() {
    if !is_there() {
        return;
    }
    let place = Place::empty();
    let repo = place.repo();
    let root = repo.parent().expect("a parent");
    std::fs::create_dir(root.join("v1")).expect("a folder");
    std::fs::write(root.join("v1/me"), r#"{"name": "ann", "admin": true}"#).expect("written");
    let (server, authority) = serve(root);
    let url = format!("https://localhost:{}", server.port);
    let mut command = place.command(&["whoami", "--server", &url]);
    let unknown = Ran::of(command.output().expect("the program starts"));
    assert_eq!(unknown.code, Some(4), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("certificate"), "{}", unknown.stderr);
    let known = Ran::of(command.env("SSL_CERT_FILE", authority).output().expect("the program starts"));
    assert_eq!(
        (known.code, known.stdout),
        (Some(0), format!("ann, who runs this server, on {url}\n")),
        "{}",
        known.stderr
    );
}
