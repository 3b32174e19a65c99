//! One file of logins, as Docker and Podman write it.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use monkeyci_core::executor::RegistryAuth;
use serde::Deserialize;

/// Bytes of a file that are read at most.
const LIMIT: u64 = 1024 * 1024;

/// The user in whose place an identity token stands.
const TOKEN_USER: &str = "<token>";

/// The credentials of one registry, or who has them.
pub(super) enum Login {
    /// They stand in the file.
    Known(RegistryAuth),
    /// A program keeps them.
    Kept {
        /// The registry.
        host: String,
        /// What the program calls it.
        server: String,
        /// The end of the program's name.
        program: String,
    },
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
    #[serde(default, rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    #[serde(rename = "identitytoken")]
    token: Option<String>,
}

/// The logins of a file, none when it is not there, and what is wrong with single ones.
///
/// The error says what is wrong with all of it. Nothing that is said shows what it holds.
pub(super) fn read(path: &Path) -> Result<(Vec<Login>, Vec<String>), String> {
    let text = match std::fs::metadata(path) {
        // In a folder that we may not enter lie somebody else's logins.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
            return Ok(Default::default());
        }
        Ok(file) if !file.is_file() => return Err("it is no file".to_owned()),
        Ok(file) if file.len() > LIMIT => return Err(format!("it has more than {LIMIT} bytes")),
        _ => std::fs::read_to_string(path).map_err(|error| error.to_string())?,
    };
    if text.trim().is_empty() {
        return Ok(Default::default());
    }
    // Its own words may show a value.
    let wrong = |error: serde_json::Error| {
        let what = if error.is_data() { "it has not the form of such a file" } else { "it is no JSON" };
        format!("{what} (line {}, column {})", error.line(), error.column())
    };
    Ok(logins(serde_json::from_str(&text).map_err(wrong)?))
}

fn logins(file: File) -> (Vec<Login>, Vec<String>) {
    let (mut logins, mut damaged) = (Vec::new(), Vec::new());
    let kept = |server: &str, program: &str| {
        Some(Login::Kept { host: host(server)?, server: server.to_owned(), program: program.to_owned() })
    };
    logins.extend(file.helpers.iter().filter_map(|(server, program)| kept(server, program)));
    for (server, entry) in file.auths {
        if file.helpers.contains_key(&server) {
            continue;
        }
        let Some(host) = host(&server) else { continue };
        match (entry.login(), file.store.as_deref()) {
            (Some(Ok((username, password))), _) => {
                logins.push(Login::Known(RegistryAuth { host, username, password }));
            }
            (Some(Err(())), _) => damaged.push(format!("the one at `{host}` is damaged; log in again")),
            (None, Some(store)) => logins.extend(kept(&server, store)),
            (None, None) => {}
        }
    }
    (logins, damaged)
}

impl Entry {
    /// User and password; nothing where the entry only says that a program has them.
    fn login(self) -> Option<Result<(String, String), ()>> {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(token) = filled(self.token) {
            return Some(Ok((TOKEN_USER.to_owned(), token)));
        }
        if let Some(auth) = filled(self.auth) {
            let decoded = STANDARD.decode(auth.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let pair = decoded.as_deref().and_then(|text| text.trim_end_matches('\0').split_once(':'));
            return Some(pair.map(|(user, password)| (user.to_owned(), password.to_owned())).ok_or(()));
        }
        Some(Ok((filled(self.username)?, filled(self.password)?)))
    }
}

/// The host of `https://index.docker.io/v1/`, `registry.example.com:5000` and the like.
///
/// Nothing for one of Podman's that is for a part of a registry only: it must not go to all of it.
fn host(server: &str) -> Option<String> {
    let bare = server.strip_prefix("https://").or_else(|| server.strip_prefix("http://")).unwrap_or(server);
    let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
    let is_whole = matches!(path.trim_end_matches('/'), "" | "v1" | "v2");
    (is_whole && !host.is_empty()).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<Vec<String>, String> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.json");
        std::fs::write(&path, text).expect("written");
        let show = |login| match login {
            Login::Known(known) => format!("{} {} {}", known.host, known.username, known.password),
            Login::Kept { host, server, program } => format!("{host} {server} by {program}"),
        };
        let (logins, damaged) = read(&path)?;
        Ok(logins.into_iter().map(show).chain(damaged).collect())
    }

    #[test]
    fn logins_of_every_kind_are_read() {
        let text = r#"{
            "auths": {
                "https://index.docker.io/v1/": {"auth": "YW5uOnA0c3M="},
                "a.example.com:5000": {"username": "bob", "password": "pw"},
                "t.example.com": {"auth": "YW5uOg==", "identitytoken": "t0ken"},
                "quay.example.com/acme/web": {"auth": "YW5uOnA0c3M="},
                "s.example.com": {},
                "h.example.com": {}
            },
            "credsStore": "desktop",
            "credHelpers": {"h.example.com": "ecr-login"},
            "HttpHeaders": {"x": "y"}
        }"#;
        assert_eq!(
            shown(text).expect("read"),
            [
                "h.example.com h.example.com by ecr-login",
                "a.example.com:5000 bob pw",
                "index.docker.io ann p4ss",
                "s.example.com s.example.com by desktop",
                "t.example.com <token> t0ken",
            ]
        );
        assert!(shown("").expect("as if it were not there").is_empty());
        assert!(shown("{}").expect("no logins").is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_without_what_it_holds() {
        for text in [
            r#"{"auths": {"a.example.com": {"auth": {"s3cret": 1}}}}"#,
            r#"{"auths": "s3cret"}"#,
            r#"{"auths": s3cret}"#,
            "[\"s3cret\"]",
            "\0s3cret",
        ] {
            let why = shown(text).expect_err(text);
            assert!(!why.contains("s3cret"), "{why}");
        }
        let one_of_two =
            r#"{"auths": {"a.example.com": {"auth": "s3cret"}, "b.example.com": {"auth": "YW5uOnA0c3M="}}}"#;
        let damaged = "the one at `a.example.com` is damaged; log in again";
        assert_eq!(shown(one_of_two).expect("read"), ["b.example.com ann p4ss", damaged]);
    }
}
