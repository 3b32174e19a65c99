//! Fetching over HTTP, from `git http-backend` behind a small server that asks for a password.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use base64::Engine;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::fixture::{Repo, fetch, git, text};
use crate::source::{Credentials, GitRemote, SourceError};

/// What the server does with those who ask.
#[derive(Clone)]
enum Door {
    Open,
    /// Speaks the first version of the protocol, in which only tips of refs are handed out.
    Old,
    /// Wants this user and password, as `user:password`.
    Locked(&'static str),
    Redirects(String),
}

/// A server on a port of this machine; it ends with the test's runtime.
struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(root: PathBuf, door: Door) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, root.clone(), door.clone(), seen.clone()));
            }
        });
        Self { port, requests }
    }

    fn remote(&self, credentials: Credentials) -> GitRemote {
        let url = format!("http://127.0.0.1:{}/.git", self.port).parse().expect("a url");
        GitRemote { allow_http: true, allow_private: true, credentials, ..GitRemote::new(url) }
    }
}

/// Answers one request by a run of `git http-backend`, as CGI (RFC 3875) has it.
async fn serve(stream: TcpStream, root: PathBuf, door: Door, requests: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    let (mut lines, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        lines.push(line);
    }
    let header = |name: &str| {
        let found =
            lines.iter().find_map(|line| line.split_once(": ").filter(|(found, _)| found.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.expect("a body");
    requests.lock().expect("not poisoned").push(lines[0].clone());
    let expected = match &door {
        Door::Locked(user) => format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(user)),
        _ => String::new(),
    };
    let protocol = if matches!(door, Door::Old) { String::new() } else { header("git-protocol") };
    let answer = match door {
        Door::Redirects(to) => format!("302 Found\r\nLocation: {to}\r\n\r\n").into_bytes(),
        Door::Locked(_) if header("authorization") != expected => {
            b"401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\n\r\n".to_vec()
        }
        _ => {
            let mut words = lines[0].split(' ');
            let (method, target) = (words.next().expect("a method"), words.next().expect("a target"));
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            let mut child = tokio::process::Command::new("git")
                .arg("http-backend")
                .env("GIT_PROJECT_ROOT", &root)
                .env("GIT_HTTP_EXPORT_ALL", "1")
                .env("REQUEST_METHOD", method)
                .env("PATH_INFO", path)
                .env("QUERY_STRING", query)
                .env("CONTENT_TYPE", header("content-type"))
                .env("CONTENT_LENGTH", length.to_string())
                .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
                .env("GIT_PROTOCOL", protocol)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("git http-backend");
            child.stdin.take().expect("piped").write_all(&body).await.expect("takes the body");
            let output = child.wait_with_output().await.expect("ends").stdout;
            match output.strip_prefix(b"Status: ") {
                Some(output) => output.to_vec(),
                None => [b"200 OK\r\n", output.as_slice()].concat(),
            }
        }
    };
    let answer = [b"HTTP/1.1 ", answer.as_slice()].concat();
    let end = answer.windows(2).position(|pair| pair == b"\r\n").expect("a status line") + 2;
    let answer = [&answer[..end], b"Connection: close\r\n", &answer[end..]].concat();
    // The client may have gone: that is its right.
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}

fn password(password: &str) -> Credentials {
    Credentials::Password { username: "bob".into(), password: password.into() }
}

#[tokio::test]
async fn a_public_repository_comes_over_http() {
    let Some(repo) = Repo::new() else { return };
    let server = Server::start(repo.root(), Door::Open).await;
    let (_into, checkout) = fetch(&server.remote(Credentials::None)).await;
    let checkout = checkout.expect("fetches");
    assert_eq!(text(&checkout, "src/main.rs"), "fn main() {}\n");
    let mut remote = server.remote(Credentials::None);
    remote.allow_http = false;
    let error = fetch(&remote).await.1.expect_err("clear text");
    assert!(error.to_string().contains("use `https`"), "{error}");
}

/// Case G8: a server in a private network.
#[tokio::test]
async fn a_host_of_a_private_network_is_not_even_asked() {
    let Some(repo) = Repo::new() else { return };
    let server = Server::start(repo.root(), Door::Open).await;
    let remote = GitRemote { allow_private: false, ..server.remote(Credentials::None) };
    let error = fetch(&remote).await.1.expect_err("this machine is private");
    assert!(matches!(error, SourceError::NotAllowed { .. }), "{error}");
    assert_eq!(*server.requests.lock().expect("not poisoned"), Vec::<String>::new());
}

#[tokio::test]
async fn a_submodule_on_the_same_server_comes_with_the_same_password() {
    let Some(repo) = Repo::new() else { return };
    let root = repo.root().with_file_name("");
    git(&root, &["clone", "--quiet", "--bare", "repo", "inner.git"]);
    let commit = repo.git(&["rev-parse", "HEAD"]);
    repo.write(".gitmodules", "[submodule \"inner\"]\n\tpath = inner\n\turl = ../../inner.git\n");
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},inner")]);
    repo.git(&["add", ".gitmodules"]);
    repo.git(&["commit", "--quiet", "-m", "a submodule"]);
    let server = Server::start(root, Door::Locked("bob:s3cr3t-w0rd")).await;
    let mut remote = server.remote(password("s3cr3t-w0rd"));
    remote.url = format!("http://127.0.0.1:{}/repo/.git", server.port).parse().expect("a url");
    remote.submodules = true;
    let (_into, checkout) = fetch(&remote).await;
    let checkout = checkout.expect("fetches");
    assert_eq!(text(&checkout, "inner/src/main.rs"), "fn main() {}\n");
    assert_holds_no(&checkout.dir, b"s3cr3t-w0rd");
}

#[tokio::test]
async fn a_password_opens_and_leaves_no_trace() {
    let Some(repo) = Repo::new() else { return };
    let server = Server::start(repo.root(), Door::Locked("bob:s3cr3t-w0rd")).await;
    let (_into, checkout) = fetch(&server.remote(password("s3cr3t-w0rd"))).await;
    let checkout = checkout.expect("fetches");
    assert_eq!(text(&checkout, "src/main.rs"), "fn main() {}\n");
    assert_holds_no(&checkout.dir, b"s3cr3t-w0rd");
}

fn assert_holds_no(dir: &Path, secret: &[u8]) {
    for entry in ignore::WalkBuilder::new(dir).standard_filters(false).build().flatten() {
        let content = std::fs::read(entry.path()).unwrap_or_default();
        assert!(!content.windows(secret.len()).any(|part| part == secret), "{}", entry.path().display());
    }
}

/// Case G9: a server that wants a password, and none or a wrong one is known.
#[tokio::test]
async fn wrong_or_missing_credentials_are_an_error_that_does_not_hold_them() {
    let Some(repo) = Repo::new() else { return };
    let server = Server::start(repo.root(), Door::Locked("bob:s3cr3t-w0rd")).await;
    for credentials in [password("wr0ng-w0rd"), Credentials::None] {
        let error = fetch(&server.remote(credentials)).await.1.expect_err("is locked");
        assert!(matches!(error, SourceError::Auth { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("w0rd"), "{error:?}");
    }
}

/// Case G10: a server that leads to another one, with our password.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let Some(repo) = Repo::new() else { return };
    let inner = Server::start(repo.root(), Door::Locked("bob:s3cr3t-w0rd")).await;
    let to = format!("http://127.0.0.1:{}/.git/info/refs?service=git-upload-pack", inner.port);
    let outer = Server::start(repo.root(), Door::Redirects(to)).await;
    let error = fetch(&outer.remote(password("s3cr3t-w0rd"))).await.1.expect_err("leads elsewhere");
    assert!(matches!(error, SourceError::NotAllowed { .. }), "{error}");
    assert_eq!(*inner.requests.lock().expect("not poisoned"), Vec::<String>::new());
}

#[tokio::test]
async fn a_commit_that_the_server_does_not_hand_out_by_id_comes_with_its_branch() {
    let Some(repo) = Repo::new() else { return };
    let first = repo.git(&["rev-parse", "HEAD"]);
    repo.commit("second");
    let server = Server::start(repo.root(), Door::Old).await;
    let mut remote = server.remote(Credentials::None);
    remote.commit = Some(first.parse().expect("an id"));
    let (_into, checkout) = fetch(&remote).await;
    assert_eq!(checkout.expect("fetches").git.expect("facts").commit_id, Some(first));
}
