//! The front door as a function of Oracle Cloud: the contract of Fn, `http-stream` over a socket of this machine.
//!
//! The socket appears under its name once it may be used: it is bound beside it, given its rights, and linked to. Then comes
//! one call after the other, `POST /call`. What a gateway was asked for is in headers: `Fn-Http-Method`,
//! `Fn-Http-Request-Url`, and `Fn-Http-H-NAME` for each of the request's own; the body is the request's as it came. The
//! status of our answer is for the platform, and what the gateway's client is answered is in `Fn-Http-Status`.

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header};
use http_body_util::Full;
use tokio::net::UnixListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::door::{ANSWER, Asked, Door, Reply};
use super::serve::{Answers, Whole, connection};

/// Bytes that the path of a socket may have.
const LONGEST: usize = 107;

/// What is left of a call's time when it must be answered.
const SPARE: Duration = Duration::from_millis(500);

/// What begins the headers that are the request's own.
const OWN: &str = "fn-http-h-";

/// What the platform tells a function of itself, by its variables.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Where it listens.
    pub socket: PathBuf,
    /// The mark by which the lines of one call are told from those of others, and the header that it is in.
    pub frame: Option<(String, String)>,
}

impl Function {
    /// What the variables say; nothing where this is no function.
    ///
    /// # Errors
    /// When it is one, and its contract is not this one.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let (format, listener) = (variable("FN_FORMAT"), variable("FN_LISTENER"));
        if format.is_none() && listener.is_none() {
            return Ok(None);
        }
        if format.as_deref() != Some("http-stream") {
            return Err(format!("FN_FORMAT: `http-stream` is expected, and not `{}`", format.unwrap_or_default()));
        }
        let listener = listener.unwrap_or_default();
        let socket = listener.strip_prefix("unix:").filter(|path| path.starts_with('/'));
        let socket = socket.ok_or_else(|| format!("FN_LISTENER: `unix:/PATH` is expected, and not `{listener}`"))?;
        let phony = phony(Path::new(socket)).ok_or_else(|| format!("FN_LISTENER: `{socket}` is no name of a file"))?;
        if phony.as_os_str().len() > LONGEST {
            return Err(format!("FN_LISTENER: the path of a socket has at most {LONGEST} bytes with `phony` in it"));
        }
        let frame = variable("FN_LOGFRAME_NAME").zip(variable("FN_LOGFRAME_HDR"));
        Ok(Some(Self {
            socket: socket.into(),
            frame: frame.filter(|(name, header)| !(name.is_empty() || header.is_empty())),
        }))
    }

    /// Answers calls until it is stopped.
    ///
    /// # Errors
    /// When nothing can listen there.
    pub async fn run(self, door: Arc<Door>, stop: CancellationToken) -> Result<(), String> {
        let listener = self.listen().map_err(|error| format!("`{}`: {error}", self.socket.display()))?;
        let called = Arc::new(Called { function: self, door });
        while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let called = Arc::clone(&called);
            tokio::spawn(async move { connection(stream, &*called).await });
        }
        Ok(())
    }

    /// Binds the socket, so that whoever sees it may use it.
    fn listen(&self) -> std::io::Result<UnixListener> {
        let phony = phony(&self.socket).ok_or(std::io::ErrorKind::InvalidInput)?;
        for left in [&self.socket, &phony] {
            match std::fs::remove_file(left) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let listener = UnixListener::bind(&phony)?;
        std::fs::set_permissions(&phony, std::fs::Permissions::from_mode(0o666))?;
        symlink(phony.file_name().unwrap_or_default(), &self.socket)?;
        Ok(listener)
    }

    /// Answers one call.
    async fn call(&self, door: &Door, whole: Whole) -> Response<Full<Bytes>> {
        let path = whole.uri.path();
        if path != "/call" {
            return no_call(StatusCode::NOT_FOUND, format!("Error: Route was not registered: {path}"));
        }
        if whole.method != Method::POST {
            let told = format!("Error: Method {} for path {path} not allowed", whole.method);
            return no_call(StatusCode::METHOD_NOT_ALLOWED, told);
        }
        self.frame(&whole.headers);
        let deadline = whole.came + patience(&whole.headers);
        if word(&whole.headers, "fn-intent") != Some("httprequest") {
            return direct(door.hear(&whole.body, deadline).await);
        }
        match asked(whole, deadline) {
            Some(asked) => wrapped(door.answer(asked).await),
            None => wrapped(Reply::refused(StatusCode::BAD_REQUEST, "the gateway does not say what was asked")),
        }
    }

    /// Marks what both streams hold from now on as this call's.
    fn frame(&self, headers: &HeaderMap) {
        let Some((name, header)) = &self.frame else { return };
        let Some(value) = word(headers, header) else { return };
        let line = format!("\n{name}={value}\n");
        // Nobody may read them.
        let _out = std::io::stdout().write_all(line.as_bytes());
        let _err = std::io::stderr().write_all(line.as_bytes());
    }
}

/// A function with its door.
struct Called {
    function: Function,
    door: Arc<Door>,
}

impl Answers for Called {
    async fn answer(&self, whole: Whole) -> Response<Full<Bytes>> {
        self.function.call(&self.door, whole).await
    }
}

/// The name under which a socket is bound.
fn phony(socket: &Path) -> Option<PathBuf> {
    let mut name = std::ffi::OsString::from("phony");
    name.push(socket.file_name()?);
    Some(socket.with_file_name(name))
}

fn word<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// How long a call may take: as the platform says, and no longer than forges wait.
fn patience(headers: &HeaderMap) -> Duration {
    let said = word(headers, "fn-deadline").and_then(|deadline| deadline.parse::<jiff::Timestamp>().ok());
    let left = said.and_then(|deadline| Duration::try_from(deadline.duration_since(jiff::Timestamp::now())).ok());
    left.map_or(ANSWER, |left| left.saturating_sub(SPARE).min(ANSWER))
}

/// What the gateway was asked for.
fn asked(whole: Whole, deadline: Instant) -> Option<Asked> {
    let method = word(&whole.headers, "fn-http-method")?.parse().ok()?;
    let url: Uri = word(&whole.headers, "fn-http-request-url")?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for (name, value) in &whole.headers {
        if let Some(own) = name.as_str().strip_prefix(OWN).and_then(|own| own.parse::<HeaderName>().ok()) {
            headers.append(own, value.clone());
        }
    }
    // Where the gateway leaves it out, the type of the call is that of the request.
    if let (false, Some(kind)) = (headers.contains_key(header::CONTENT_TYPE), whole.headers.get(header::CONTENT_TYPE)) {
        headers.insert(header::CONTENT_TYPE, kind.clone());
    }
    Some(Asked { method, path: url.path().to_owned(), headers, body: whole.body, deadline })
}

/// An answer to what is no call, in the words of Oracle's own kit.
fn no_call(status: StatusCode, told: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(told)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// An answer to a gateway.
fn wrapped(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = body(&reply);
    let headers = response.headers_mut();
    headers.insert("fn-http-status", HeaderValue::from(reply.status.as_u16()));
    if let Some(seconds) = reply.retry_after {
        headers.insert("fn-http-h-retry-after", HeaderValue::from(seconds));
    }
    response
}

/// An answer to whoever called the function itself: what went wrong is told by the status of the platform.
fn direct(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = body(&reply);
    if !reply.status.is_success() {
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response.headers_mut().insert("fn-http-status", HeaderValue::from(StatusCode::BAD_GATEWAY.as_u16()));
    }
    response
}

fn body(reply: &Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body.to_string())));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("fn-fdk-version", HeaderValue::from_static(concat!("monkeyci/", env!("CARGO_PKG_VERSION"))));
    headers.insert("fn-fdk-runtime", HeaderValue::from_static("rust"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(variables: &[(&str, &str)]) -> Result<Option<Function>, String> {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Function::detect(find)
    }

    #[test]
    fn a_function_is_known_by_its_variables() {
        assert_eq!(detect(&[]), Ok(None));
        let listener = ("FN_LISTENER", "unix:/tmp/iofs/lsnr.sock");
        let function = detect(&[("FN_FORMAT", "http-stream"), listener]).expect("reads").expect("is one");
        assert_eq!(function.socket, Path::new("/tmp/iofs/lsnr.sock"));
        let long = format!("unix:/tmp/{}/lsnr.sock", "x".repeat(100));
        for wrong in [
            &[listener][..],
            &[("FN_FORMAT", "json"), listener],
            &[("FN_FORMAT", "http-stream")],
            &[("FN_FORMAT", "http-stream"), ("FN_LISTENER", "tcp:1234")],
            &[("FN_FORMAT", "http-stream"), ("FN_LISTENER", "unix:lsnr.sock")],
            &[("FN_FORMAT", "http-stream"), ("FN_LISTENER", &long)],
        ] {
            assert!(detect(wrong).is_err_and(|why| why.starts_with("FN_")), "{wrong:?}");
        }
    }

    #[test]
    fn a_call_has_the_time_that_forges_wait_and_no_more_than_the_platform_gives() {
        let of = |deadline: Option<String>| {
            let mut headers = HeaderMap::new();
            headers.extend(deadline.map(|text| (HeaderName::from_static("fn-deadline"), text.parse().expect("fits"))));
            patience(&headers)
        };
        let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(3);
        assert_eq!(of(None), ANSWER);
        assert_eq!(of(Some("2090-01-01T00:00:00Z".into())), ANSWER);
        assert!(of(Some(soon.to_string())) <= Duration::from_millis(2500));
        assert_eq!(of(Some("soon".into())), ANSWER);
    }
}
