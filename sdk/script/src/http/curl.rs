//! One request by one run of curl.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::url::{Url, shown};
use super::{HttpError, Request, Response};
use crate::temporary;

/// Bytes that an answer may have.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// The settings that hold for every request (curl(1)): nothing of the user's own file, no file of this host by its URL, no
/// surprise in how a URL is read, only errors said.
const SETTINGS: &str = "silent\nshow-error\ngloboff\npath-as-is\nproto = \"=http,https\"\nconnect-timeout = 15\n";

/// What is sent.
#[derive(Debug, Clone)]
pub(super) enum Body {
    None,
    Bytes(Vec<u8>),
    File(PathBuf),
}

/// Asks, and waits for the answer of any status.
pub(super) fn exchange(request: &Request, url: &Url, body: &Body) -> Result<Response, HttpError> {
    let name = shown(url.as_str());
    let failed = |what: &str| {
        let (url, what) = (name.clone(), what.to_owned());
        move |source| HttpError::Io { url, what, source }
    };
    let written = match body {
        Body::Bytes(bytes) => Some(Scratch::holding(bytes).map_err(failed("writing the body to a file"))?),
        _ => None,
    };
    let sent = match (body, &written) {
        (Body::File(path), _) => {
            // Said here, as curl's own words do not say which file.
            File::open(path).map_err(failed(&format!("reading `{}`", path.display())))?;
            Some(std::path::absolute(path).map_err(failed("the current folder"))?)
        }
        (_, Some(written)) => Some(written.0.clone()),
        _ => None,
    };
    let headers = Scratch::holding(&[]).map_err(failed("making a file for the headers"))?;
    let settings = settings(request, url, sent.as_deref(), &headers.0)?;

    let mut command = Command::new("curl");
    // `--disable` counts only as the first argument.
    command.args(["--disable", "--config", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => HttpError::NoCurl,
        _ => failed("starting curl")(error),
    })?;
    let ran = talk(child, &settings).map_err(failed("speaking to curl"))?;
    if ran.out.len() as u64 > MOST_BYTES {
        return Err(url.refused(format!("its answer has more than {} MB", MOST_BYTES / 1024 / 1024)));
    }
    if ran.code != Some(0) {
        return Err(HttpError::Unreached { url: name, code: ran.code, said: ran.said });
    }
    let text = fs::read(&headers.0).map_err(failed("reading the headers"))?;
    let (status, headers) = last_headers(&String::from_utf8_lossy(&text));
    // Of `HEAD`, curl prints the headers once more.
    let body = if request.method == "HEAD" { Vec::new() } else { ran.out };
    Ok(Response { status, body, headers, url: name })
}

/// How curl ended.
struct Ran {
    code: Option<i32>,
    out: Vec<u8>,
    said: String,
}

fn talk(mut child: Child, settings: &str) -> io::Result<Ran> {
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(stdout), Some(mut stderr)) = pipes else { unreachable!("all three are piped") };
    // Curl reads its settings whole before it says anything. One that ends at once says why.
    drop(stdin.write_all(settings.as_bytes()));
    drop(stdin);
    let mut out = Vec::new();
    stdout.take(MOST_BYTES + 1).read_to_end(&mut out)?;
    if out.len() as u64 > MOST_BYTES {
        child.kill()?;
    }
    let mut said = String::new();
    stderr.read_to_string(&mut said)?;
    let said = said.trim().to_owned();
    Ok(Ran { code: child.wait()?.code(), out, said })
}

/// The settings of a request, as curl reads them from a file.
fn settings(request: &Request, url: &Url, body: Option<&Path>, headers: &Path) -> Result<String, HttpError> {
    let is_head = request.method == "HEAD";
    let mut text = format!("{SETTINGS}{}", if is_head { "head\n" } else { "" });
    let mut set = |name: &str, value: &str| match quoted(value) {
        Some(value) => {
            text.push_str(&format!("{name} = {value}\n"));
            Ok(())
        }
        None => Err(url.refused(format!("a line break or a NUL is in what is given for `{name}`"))),
    };
    set("url", url.as_str())?;
    set("max-time", &format!("{:.3}", request.timeout.as_secs_f64().max(0.001)))?;
    set("dump-header", &headers.to_string_lossy())?;
    if !is_head {
        set("request", request.method)?;
    }
    if let Some(body) = body {
        if url.ends_in_a_folder() {
            // Curl would add the name of a file that is uploaded. This it reads into its memory, and takes for a form.
            set("data-binary", &format!("@{}", body.to_string_lossy()))?;
        } else {
            set("upload-file", &body.to_string_lossy())?;
        }
        // The server is asked with all that is sent, and not first whether it would like it. Not where headers are signed:
        // curl would sign that one as well, and not send it.
        if request.sigv4.is_none() {
            set("header", "Expect:")?;
            if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                set("header", "Content-Type:")?;
            }
        }
    }
    for (name, value) in &request.headers {
        if name.is_empty()
            || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.!#$%&'*+^`|~".contains(&byte))
        {
            return Err(url.refused(format!("`{}` is no name of a header", name.escape_debug())));
        }
        let line = if value.trim().is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        set("header", &line)?;
    }
    if let Some((user, password)) = &request.user {
        if user.contains(':') {
            return Err(url.refused("a user's name holds a `:`".into()));
        }
        set("user", &format!("{user}:{password}"))?;
    }
    if let Some(sigv4) = &request.sigv4 {
        set("aws-sigv4", sigv4)?;
        if body.is_some() {
            set("header", "x-amz-content-sha256: UNSIGNED-PAYLOAD")?;
        }
    }
    Ok(text)
}

/// A value in the quotes of curl's files; none for one that would go on in the next line, or end early.
fn quoted(value: &str) -> Option<String> {
    if value.contains(['\r', '\n', '\0']) {
        return None;
    }
    Some(format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t")))
}

/// The status and the headers of the last answer in a dump: others come from proxies, and say that more is to come.
fn last_headers(dump: &str) -> (u16, Vec<(String, String)>) {
    let (mut status, mut headers) = (0, Vec::new());
    for line in dump.lines() {
        if line.starts_with("HTTP/") {
            headers.clear();
            status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        } else if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    (status, headers)
}

/// A file that only its owner may read, and that goes when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn holding(bytes: &[u8]) -> io::Result<Self> {
        let path = temporary::path("http");
        // New, so that nobody else has put a link there.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let scratch = Self(path);
        file.write_all(bytes)?;
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed lies in the folder for temporary files, and nobody else can read it.
        drop(fs::remove_file(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_stays_one_value() {
        assert_eq!(quoted(r#"a "b" \ c"#).as_deref(), Some(r#""a \"b\" \\ c""#));
        assert_eq!(quoted("a\tb").as_deref(), Some("\"a\\tb\""));
        assert_eq!(quoted("a\nurl = b"), None);
        assert_eq!(quoted("a\r"), None);
    }

    #[test]
    fn the_last_answer_counts() {
        let dump = "HTTP/1.1 200 Connection established\r\nX: 1\r\n\r\nHTTP/2 404 \r\nContent-Type: text/plain\r\n\r\n";
        assert_eq!(last_headers(dump), (404, vec![("Content-Type".to_owned(), "text/plain".to_owned())]));
    }

    #[test]
    fn a_scratch_file_is_its_owners_and_goes() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = Scratch::holding(b"secret").expect("written");
        let path = scratch.0.clone();
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        drop(scratch);
        assert!(!path.exists());
    }
}
