use std::net::SocketAddr;
use std::time::{Duration, Instant};

use monkeyci_api::{Config, Server};
use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const HALF: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: ci.example.com\r\n";
const WHOLE: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: ci.example.com\r\nconnection: close\r\n\r\n";

/// The fastest of many answers takes a few milliseconds; this allows for other tests, which want the processors as well. Whoever
/// had to wait for others would wait until these are cut off.
const SOON: Duration = Duration::from_secs(2);

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

/// Case C1: a thousand who never finish asking.
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
    assert!(fastest < SOON, "{fastest:?}");
}

/// Case C4: a thousand deliveries whose bodies never end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_bodies_that_never_end_keep_nobody_waiting() {
    let server = Listening::with(|_| {}).await;
    let half = b"POST /webhook/github/nothing HTTP/1.1\r\nhost: ci.example.com\r\ncontent-length: 1000\r\n\r\nhalf";
    let mut slow = Vec::new();
    for _ in 0..1000 {
        slow.push(server.send(half).await);
    }
    let mut fastest = Duration::MAX;
    for _ in 0..20 {
        let begun = Instant::now();
        let answer = rest(&mut server.send(WHOLE).await).await;
        fastest = fastest.min(begun.elapsed());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert!(fastest < SOON, "{fastest:?}");
}

/// Case C5: a body of which a byte comes now and then, to a webhook and to the API.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_comes_a_byte_at_a_time_is_cut_off() {
    let server = Listening::with(|config| config.body_seconds = 1).await;
    for path in ["/webhook/github/nothing", "/v1/session"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: ci.example.com\r\ncontent-type: application/json\r\n\
             content-length: 1000000\r\n\r\n"
        );
        let (mut read, mut write) = server.send(head.as_bytes()).await.into_split();
        let drips = tokio::spawn(async move {
            // Until nobody takes them any more.
            while write.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await; // moment
            }
        });
        let mut answer = vec![0; 12];
        let answered = tokio::time::timeout(Duration::from_secs(60), read.read_exact(&mut answer)).await;
        answered.expect("in time").expect("an answer");
        assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 408", "{path}");
        drop(read);
        tokio::time::timeout(Duration::from_secs(60), drips).await.expect("it is cut off").expect("no panic");
    }
}

/// Case C6: ten thousand connections that are held open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_held_open_keep_nobody_waiting() {
    const MANY: usize = 10_000;
    let files = Rlimit { current: Some(25_000), maximum: Some(25_000) };
    if let Err(error) = setrlimit(Resource::Nofile, files) {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|name| ["open-files", "all"].contains(&name)), "open-files is required");
        eprintln!("skipped: open-files: 25 000 may not be open at once: {error}");
        return;
    }
    let server = Listening::with(|config| (config.connections, config.head_seconds) = (MANY + 100, 600)).await;
    let mut held = Vec::with_capacity(MANY);
    for number in 0..MANY {
        held.push(server.send(if number % 2 == 0 { HALF } else { b"" }).await);
    }
    let mut fastest = Duration::MAX;
    for _ in 0..20 {
        let begun = Instant::now();
        let answer = rest(&mut server.send(WHOLE).await).await;
        fastest = fastest.min(begun.elapsed());
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert!(fastest < SOON, "{fastest:?}");
    // They are still listened to.
    let mut last = held.swap_remove(MANY - 2);
    last.write_all(b"connection: close\r\n\r\n").await.expect("writes");
    assert!(rest(&mut last).await.starts_with("HTTP/1.1 200"));
}

/// Case C2: heads of requests that never end, and silence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_never_finishes_asking_is_cut_off() {
    let server = Listening::with(|config| config.head_seconds = 3).await;
    let mut silent = server.send(b"").await;
    let mut half = server.send(HALF).await;
    let answers = tokio::join!(rest(&mut silent), rest(&mut half));
    assert!(!answers.0.contains(" 200 ") && !answers.1.contains(" 200 "), "{answers:?}");
    assert!(rest(&mut server.send(WHOLE).await).await.starts_with("HTTP/1.1 200"));
}

/// Case C3: more connections than there may be.
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
        config.head_seconds = 3;
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
