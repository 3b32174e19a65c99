use std::net::SocketAddr;
use std::time::{Duration, Instant};

use monkeyci_api::{Config, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const HALF: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: ci.example.com\r\n";
const WHOLE: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: ci.example.com\r\nconnection: close\r\n\r\n";

/// A server that listens; ends with this value.
struct Listening {
    address: SocketAddr,
    stop: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
    _dir: tempfile::TempDir,
}

impl Listening {
    async fn with(set: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut config = Config { state: dir.path().join("state"), ..Config::default() };
        config.listen.set_port(0);
        set(&mut config);
        let server = Server::open(&config).await.expect("opens");
        let address = server.url().split_once("://").expect("an address").1.parse().expect("an address");
        let stop = server.stop();
        Self { address, stop, served: tokio::spawn(server.serve()), _dir: dir }
    }

    async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        stream.write_all(bytes).await.expect("writes");
        stream
    }
}

/// What comes until the server ends the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut bytes)).await;
    // One that is reset has ended, too.
    drop(read.expect("the server ends the connection"));
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_who_never_finish_asking_keep_nobody_waiting() {
    let server = Listening::with(|_| {}).await;
    let mut slow = Vec::new();
    for _ in 0..1000 {
        slow.push(server.send(HALF).await);
    }
    let mut fastest = Duration::MAX;
    for _ in 0..20 {
        let begun = Instant::now();
        let answer = rest(&mut server.send(WHOLE).await).await;
        fastest = fastest.min(begun.elapsed());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    // The fastest, since other tests want the processors as well.
    assert!(fastest < Duration::from_millis(50), "{fastest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_never_finishes_asking_is_cut_off() {
    let server = Listening::with(|config| config.head_seconds = 1).await;
    let mut silent = server.send(b"").await;
    let mut half = server.send(HALF).await;
    let answers = tokio::join!(rest(&mut silent), rest(&mut half));
    assert!(!answers.0.contains(" 200 ") && !answers.1.contains(" 200 "), "{answers:?}");
    assert!(rest(&mut server.send(WHOLE).await).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_too_many_waits_for_another_to_end() {
    let server = Listening::with(|config| config.connections = 2).await;
    let (first, _second) = (server.send(HALF).await, server.send(HALF).await);
    let mut third = server.send(WHOLE).await;
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(100), third.peek(&mut byte)).await;
    assert!(early.is_err(), "there are two already");
    drop(first);
    assert!(rest(&mut third).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_stop_ends_connections_that_are_idle_or_never_end() {
    let server = Listening::with(|_| {}).await;
    let mut half = server.send(HALF).await;
    let mut idle = server.send(b"GET /healthz HTTP/1.1\r\nhost: ci.example.com\r\n\r\n").await;
    let mut byte = [0];
    idle.peek(&mut byte).await.expect("it is answered");
    server.stop.cancel();
    let stopped = tokio::time::timeout(Duration::from_secs(60), server.served).await;
    stopped.expect("it stops").expect("nothing panicked").expect("it served");
    assert!(rest(&mut idle).await.starts_with("HTTP/1.1 200"));
    assert_eq!(rest(&mut half).await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_speaks_tls_where_it_has_a_certificate_and_to_nobody_in_the_clear() {
    let made = rcgen::generate_simple_self_signed(["ci.example.com".to_owned()]).expect("a certificate");
    let files = tempfile::tempdir().expect("a folder");
    let (certificate, key) = (files.path().join("tls.crt"), files.path().join("tls.key"));
    std::fs::write(&certificate, made.cert.pem()).expect("writes");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("writes");
    let server = Listening::with(|config| {
        config.head_seconds = 1;
        (config.tls.certificate, config.tls.key) = (Some(certificate), Some(key));
    })
    .await;
    let known = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
    let client = reqwest::Client::builder().tls_certs_only([known]).resolve("ci.example.com", server.address);
    let client = client.build().expect("a client");
    let url = format!("https://ci.example.com:{}/healthz", server.address.port());
    assert!(client.get(&url).send().await.expect("an answer").status().is_success());
    let stranger = reqwest::Client::builder().resolve("ci.example.com", server.address).build().expect("a client");
    assert!(stranger.get(&url).send().await.is_err(), "who does not know the certificate does not go on");
    // In the clear, and silent: both are cut.
    let answers = (rest(&mut server.send(WHOLE).await).await, rest(&mut server.send(b"").await).await);
    assert!(!answers.0.contains(" 200 ") && !answers.1.contains(" 200 "), "{answers:?}");
    assert!(client.get(&url).send().await.expect("an answer").status().is_success());
}
