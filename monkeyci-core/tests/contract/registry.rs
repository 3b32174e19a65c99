//! A private registry on this machine, of one image: what the OCI distribution specification asks of a pull, behind
//! Basic authentication.

use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::image::{self, PROGRAM};
use crate::podman_service;

/// Who may pull.
pub const USER: &str = "monkey";
pub const PASSWORD: &str = "b4n4n4-spl1t";

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// A registry that serves until it is dropped.
pub struct Registry {
    pub host: String,
    asked: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

/// What it serves: a kind and bytes by their path.
type Shelf = HashMap<String, (&'static str, Vec<u8>)>;

impl Registry {
    /// A registry that `engine` asks without TLS.
    pub fn begin(engine: &str) -> Self {
        let shelf = Arc::new(shelf());
        Self::of(engine, move |client, asked| {
            let shelf = Arc::clone(&shelf);
            async move { serve(client, &shelf, &asked).await }
        })
    }

    /// One that takes connections, and never answers.
    pub fn silent(engine: &str) -> Self {
        Self::of(engine, |client, asked| async move {
            asked.fetch_add(1, Ordering::Relaxed);
            std::future::pending::<()>().await;
            drop(client);
        })
    }

    fn of<F>(engine: &str, serve: impl Fn(TcpStream, Arc<AtomicUsize>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Docker does so with every one on 127.0.0.0/8.
        let any = || std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let listener = if engine == "podman" { podman_service::insecure() } else { any() };
        listener.set_nonblocking(true).expect("it is a socket");
        let listener = TcpListener::from_std(listener).expect("within a runtime");
        let (host, asked) = (listener.local_addr().expect("an address").to_string(), Arc::default());
        let count = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, Arc::clone(&count)));
            }
        });
        Self { host, asked, task }
    }

    /// The name of its image.
    pub fn image(&self) -> String {
        format!("{}/private/busybox:1", self.host)
    }

    /// How often it was asked for its image by somebody who may have it.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The digest of bytes, by the program that the images are made of.
fn sha256(bytes: &[u8]) -> String {
    let mut command = Command::new(PROGRAM);
    let mut summing = command.arg("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("busybox");
    summing.stdin.take().expect("piped").write_all(bytes).expect("it reads");
    let said = summing.wait_with_output().expect("it ends").stdout;
    format!("sha256:{}", String::from_utf8_lossy(&said[..64]))
}

fn shelf() -> Shelf {
    let layer = image::system().expect("the engine has it too");
    let config = serde_json::json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
        "os": "linux",
        "config": {"Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": [sha256(&layer)]},
    })
    .to_string()
    .into_bytes();
    let part =
        |kind, bytes: &[u8]| serde_json::json!({"mediaType": kind, "size": bytes.len(), "digest": sha256(bytes)});
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": part(CONFIG, &config),
        "layers": [part(LAYER, &layer)],
    })
    .to_string()
    .into_bytes();
    let at = |path: String| format!("/v2/private/busybox/{path}");
    HashMap::from([
        ("/v2/".to_owned(), ("application/json", b"{}".to_vec())),
        (at(format!("manifests/{}", sha256(&manifest))), (MANIFEST, manifest.clone())),
        (at("manifests/1".to_owned()), (MANIFEST, manifest)),
        (at(format!("blobs/{}", sha256(&config))), ("application/octet-stream", config)),
        (at(format!("blobs/{}", sha256(&layer))), ("application/octet-stream", layer)),
    ])
}

/// Answers requests until the client has no more. One that speaks TLS sends no line, and is let go.
async fn serve(client: TcpStream, shelf: &Shelf, asked: &AtomicUsize) {
    use base64::Engine as _;

    let known = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let mut client = BufReader::new(client);
    loop {
        let (mut request, mut allowed) = (String::new(), false);
        loop {
            let mut line = String::new();
            match client.read_line(&mut line).await {
                Ok(1..) if line.trim_end().is_empty() => break,
                Ok(1..) if request.is_empty() => request = line,
                Ok(1..) => {
                    let header = line.trim_end().split_once(": ");
                    allowed |= header.is_some_and(|(name, value)| {
                        name.eq_ignore_ascii_case("authorization") && value == format!("Basic {known}")
                    });
                }
                _ => return,
            }
        }
        let mut words = request.split_whitespace();
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (status, kind, body) = match shelf.get(path) {
            _ if !allowed => {
                ("401 Unauthorized", "application/json", b"{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}".as_slice())
            }
            Some((kind, bytes)) => ("200 OK", *kind, bytes.as_slice()),
            None => ("404 Not Found", "application/json", b"{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}".as_slice()),
        };
        // By HEAD, by GET or by both: how often a pull asks is the engine's affair.
        if allowed && path.ends_with("/manifests/1") {
            asked.fetch_add(1, Ordering::Relaxed);
        }
        let mut answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             Docker-Distribution-Api-Version: registry/2.0\r\n",
            body.len()
        );
        if kind == MANIFEST {
            answer += &format!("Docker-Content-Digest: {}\r\n", sha256(body));
        }
        if !allowed {
            answer += "WWW-Authenticate: Basic realm=\"private\"\r\n";
        }
        let mut answer = (answer + "\r\n").into_bytes();
        if method != "HEAD" {
            answer.extend_from_slice(body);
        }
        if client.get_mut().write_all(&answer).await.is_err() {
            return;
        }
    }
}
