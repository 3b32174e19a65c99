//! A mail server that is as strict as real ones about what it is told, and answers as badly as a test has it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// How long something that must happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whom it knows.
pub const USER: &str = "ci@example.com";
/// By this.
pub const PASSWORD: &str = "hunter2-of-mail";

/// A mail that came.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    pub head: String,
    pub body: String,
    /// Whether it came in TLS, and from whom it knows.
    pub safe: bool,
}

impl Mail {
    /// The headers of that name, unfolded.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let head = self.head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let value = |line: &str| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        head.lines().filter_map(value).collect()
    }

    /// The one header of that name.
    pub fn header(&self, name: &str) -> String {
        let all = self.headers(name);
        assert_eq!(all.len(), 1, "{name}: {}", self.head);
        all[0].clone()
    }
}

/// What it says to those who send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It takes everything.
    Good,
    /// It refuses each recipient so.
    Refuses(&'static str),
    /// It takes what is sent, and says nothing of that.
    Hangs,
    /// It says nothing from the first.
    Silent,
}

/// How it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    Clear,
    StartTls,
    Tls,
}

/// A server.
pub struct MailServer {
    pub port: u16,
    /// The authority of its certificate, in PEM.
    pub authority: String,
    shared: Arc<Shared>,
}

struct Shared {
    came: watch::Sender<Vec<Mail>>,
    mood: watch::Sender<Mood>,
    tls: TlsAcceptor,
    speech: Speech,
}

impl MailServer {
    pub async fn open(speech: Speech) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).expect("a key");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a certificate");
        let listener = TcpListener::bind("localhost:0").await.expect("listens");
        let port = listener.local_addr().expect("an address").port();
        let (came, mood) = (watch::Sender::new(Vec::new()), watch::Sender::new(Mood::Good));
        let shared = Arc::new(Shared { came, mood, tls: TlsAcceptor::from(Arc::new(config)), speech });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                tokio::spawn(async move { serve(&shared, stream).await });
            }
        });
        Self { port, authority: cert.pem(), shared }
    }

    pub fn is_now(&self, mood: Mood) {
        self.shared.mood.send_replace(mood);
    }

    /// What came once there is so much.
    pub async fn came(&self, count: usize) -> Vec<Mail> {
        let mut came = self.shared.came.subscribe();
        let all = tokio::time::timeout(PATIENCE, came.wait_for(|all| all.len() >= count)).await;
        match all {
            Ok(all) => all.expect("it is there").clone(),
            Err(_) => panic!("{count} were expected: {:#?}", self.shared.came.borrow()),
        }
    }
}

async fn serve(shared: &Shared, stream: TcpStream) {
    if *shared.mood.borrow() == Mood::Silent {
        return std::future::pending().await;
    }
    if shared.speech == Speech::Tls {
        let Ok(stream) = shared.tls.accept(stream).await else { return };
        return talk(shared, BufReader::new(stream), true, true).await.map_or((), drop);
    }
    let Some(stream) = talk(shared, BufReader::new(stream), false, true).await else { return };
    if let Ok(stream) = shared.tls.accept(stream.into_inner()).await {
        let _over = talk(shared, BufReader::new(stream), true, false).await;
    }
}

/// A line, which must end as lines of mail do.
async fn line(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    stream.read_until(b'\n', &mut bytes).await.ok().filter(|count| *count > 0)?;
    let line = String::from_utf8(bytes).expect("mails are text");
    let line = line.strip_suffix("\r\n").expect("lines end with CR LF");
    assert!(line.len() <= 998 && line.is_ascii() && !line.contains('\r'), "no server takes this: {line:?}");
    Some(line.to_owned())
}

/// Talks to who sends, to the end, or until they want TLS: then the stream is handed back.
async fn talk<S>(shared: &Shared, mut stream: BufReader<S>, in_tls: bool, greets: bool) -> Option<BufReader<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut known, mut to) = (false, None::<String>);
    if greets {
        stream.write_all(b"220 mail.example.com\r\n").await.ok()?;
    }
    while let Some(said) = line(&mut stream).await {
        let verb = said.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let needs_tls = shared.speech != Speech::Clear && !in_tls;
        let mood = *shared.mood.borrow();
        let answer = match verb.as_str() {
            "EHLO" if needs_tls => "250-mail.example.com\r\n250 STARTTLS\r\n".to_owned(),
            "EHLO" if in_tls => "250-mail.example.com\r\n250 AUTH PLAIN\r\n".to_owned(),
            "EHLO" => "250 mail.example.com\r\n".to_owned(),
            "STARTTLS" if needs_tls => {
                stream.write_all(b"220 go on\r\n").await.ok()?;
                return Some(stream);
            }
            "AUTH" => {
                let wanted = STANDARD.encode(format!("\0{USER}\0{PASSWORD}"));
                known = said == format!("AUTH PLAIN {wanted}");
                if known { "235 welcome\r\n".to_owned() } else { "535 5.7.8 who are you\r\n".to_owned() }
            }
            "MAIL" | "RCPT" | "DATA" if needs_tls || (in_tls && !known) => "530 not like this\r\n".to_owned(),
            "NOOP" | "RSET" | "MAIL" => "250 well\r\n".to_owned(),
            "RCPT" => match mood {
                Mood::Refuses(why) => format!("{why}\r\n"),
                _ => {
                    let address = said.split(['<', '>']).nth(1).expect("an address").to_owned();
                    to = Some(address);
                    "250 well\r\n".to_owned()
                }
            },
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let mut text = String::new();
                loop {
                    let said = line(&mut stream).await?;
                    if said == "." {
                        break;
                    }
                    text.push_str(said.strip_prefix('.').unwrap_or(&said));
                    text.push_str("\r\n");
                }
                let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
                let to = to.take().expect("somebody gets it");
                let mail = Mail { to, head: head.to_owned(), body: body.to_owned(), safe: in_tls && known };
                shared.came.send_modify(|all| all.push(mail));
                if mood == Mood::Hangs {
                    return std::future::pending().await;
                }
                "250 taken\r\n".to_owned()
            }
            "QUIT" => {
                let _gone = stream.write_all(b"221 bye\r\n").await;
                return None;
            }
            _ => format!("500 what is {verb}\r\n"),
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
    None
}
