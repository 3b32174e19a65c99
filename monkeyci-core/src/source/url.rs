//! Addresses of repositories, checked before any program sees them.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// The longest address, in bytes.
const MAX_LENGTH: usize = 2048;

/// The address of a git repository: `https://`, `ssh://`, `user@host:path`, `file://` or an absolute path.
///
/// It holds no credentials and nothing that git, ssh or a shell could take for an option or a command. `http://` is
/// read too, but [`super::GitRemote`] refuses it, as it does `file`, unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GitUrl {
    text: String,
    scheme: Scheme,
    /// With the port where one is given.
    host: String,
}

/// How a repository is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTP over TLS.
    Https,
    /// HTTP in clear text.
    Http,
    /// SSH.
    Ssh,
    /// A folder on this machine.
    File,
}

/// Why a text is no address of a repository. The text itself is left out: it may hold credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address of the repository is refused: {0}")]
pub struct InvalidUrl(pub &'static str);

impl Scheme {
    /// The name that git knows it by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Ssh => "ssh",
            Self::File => "file",
        }
    }
}

impl GitUrl {
    /// The address, as git is given it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How the repository is reached.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host, with its port where one is given; empty for a folder on this machine.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The address of a folder on this machine.
    ///
    /// # Errors
    /// When the path is not absolute, or not UTF-8.
    pub fn from_path(path: &Path) -> Result<Self, InvalidUrl> {
        path.to_str().ok_or(InvalidUrl("the path is not UTF-8"))?.parse()
    }
}

impl fmt::Display for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for GitUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(InvalidUrl("it is empty or longer than 2048 bytes"));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(InvalidUrl("it has white space, control characters or `\\`; write a space as `%20`"));
        }
        if text.starts_with('-') {
            return Err(InvalidUrl("it starts with `-`"));
        }
        if let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_name(scheme)) {
            return from_parts(scheme, rest);
        }
        let before_slash = text.split('/').next().unwrap_or_default();
        if before_slash.contains("::") {
            return Err(InvalidUrl("remote helpers such as `ext::` run programs and are never used"));
        }
        if text.starts_with('/') {
            return from_parts("file", text);
        }
        match text.split_once(':') {
            Some((authority, path)) if !authority.contains('/') => scp_like(text, authority, path),
            _ => Err(InvalidUrl(
                "it is none of `https://…`, `ssh://…`, `user@host:path`, `file://…` or an absolute path",
            )),
        }
    }
}

fn from_parts(scheme: &str, rest: &str) -> Result<GitUrl, InvalidUrl> {
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        "ssh" => Scheme::Ssh,
        "file" => Scheme::File,
        _ => return Err(InvalidUrl("its scheme is none of `https`, `ssh` and `file`")),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    check_path(path)?;
    if scheme == Scheme::File {
        return match authority {
            "" | "localhost" => Ok(GitUrl { text: format!("file://{path}"), scheme, host: String::new() }),
            _ => Err(InvalidUrl("a `file` address names a host; write `file:///path`")),
        };
    }
    if path.contains(['?', '#']) {
        return Err(InvalidUrl("it has a query or a fragment"));
    }
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    match user {
        Some(user) if scheme == Scheme::Ssh => check_user(user)?,
        // A user alone is refused too: forges take a token there.
        Some(_) => return Err(CREDENTIALS),
        None => {}
    }
    check_host(host)?;
    let text = format!("{}://{authority}{path}", scheme.as_str());
    Ok(GitUrl { text, scheme, host: host.to_ascii_lowercase() })
}

fn scp_like(text: &str, authority: &str, path: &str) -> Result<GitUrl, InvalidUrl> {
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    user.map_or(Ok(()), check_user)?;
    check_host(host)?;
    if path.starts_with('-') {
        return Err(InvalidUrl("its path starts with `-`"));
    }
    check_path(&format!("/{}", path.trim_start_matches('/')))?;
    Ok(GitUrl { text: text.to_owned(), scheme: Scheme::Ssh, host: host.to_ascii_lowercase() })
}

const CREDENTIALS: InvalidUrl =
    InvalidUrl("it holds a user or a password; leave them out and give them as credentials");

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

fn check_user(user: &str) -> Result<(), InvalidUrl> {
    if user.contains(':') {
        return Err(CREDENTIALS);
    }
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if user.is_empty() || user.starts_with('-') || !user.bytes().all(fine) {
        return Err(InvalidUrl("its user has other characters than letters, digits and `._-`"));
    }
    Ok(())
}

fn check_host(host: &str) -> Result<(), InvalidUrl> {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(InvalidUrl("its host is not an IPv6 address"));
            }
            ("ipv6", rest.strip_prefix(':').or((!rest.is_empty()).then_some("?")))
        }
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if name.is_empty() || name.starts_with(['-', '.']) || name.contains("..") || !name.bytes().all(fine) {
        return Err(InvalidUrl("its host is missing or no host name"));
    }
    match port {
        Some(port) if !port.bytes().all(|b| b.is_ascii_digit()) || !matches!(port.parse::<u16>(), Ok(1..)) => {
            Err(InvalidUrl("its port is not a number from 1 to 65535"))
        }
        _ => Ok(()),
    }
}

fn check_path(path: &str) -> Result<(), InvalidUrl> {
    if path.trim_matches('/').is_empty() {
        return Err(InvalidUrl("it has no path"));
    }
    let lower = path.to_ascii_lowercase();
    // Encoded forms of NUL, newline, carriage return, slash and backslash only serve to deceive.
    if ["%00", "%0a", "%0d", "%2f", "%5c"].iter().any(|code| lower.contains(code)) {
        return Err(InvalidUrl("its path has an encoded control character or slash"));
    }
    for segment in lower.replace("%2e", ".").replace("%2d", "-").split('/') {
        if segment == ".." || segment.starts_with('-') {
            return Err(InvalidUrl("its path has `..`, or a segment that starts with `-`"));
        }
    }
    Ok(())
}

/// An address as it may be shown: without user and password. For addresses that were found, not given.
pub(crate) fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = &rest[..rest.find('/').unwrap_or(rest.len())];
    match authority.rsplit_once('@') {
        Some((user, _)) if scheme == "ssh" && !user.contains(':') => url.to_owned(),
        Some((user, _)) => format!("{scheme}://{}", &rest[user.len() + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_of_repositories_are_taken() {
        let good = [
            ("https://example.com/acme/web.git", Scheme::Https, "example.com"),
            ("https://example.com:8443/acme/web", Scheme::Https, "example.com:8443"),
            ("HTTPS://Example.com/a", Scheme::Https, "example.com"),
            ("https://[2001:db8::1]:443/a", Scheme::Https, "[2001:db8::1]:443"),
            ("https://example.com/~user/a%20b.git", Scheme::Https, "example.com"),
            ("http://127.0.0.1:3000/a", Scheme::Http, "127.0.0.1:3000"),
            ("ssh://git@example.com/acme/web.git", Scheme::Ssh, "example.com"),
            ("ssh://example.com:2222/~/web", Scheme::Ssh, "example.com:2222"),
            ("git@example.com:acme/web.git", Scheme::Ssh, "example.com"),
            ("example.com:/srv/web.git", Scheme::Ssh, "example.com"),
            ("file:///srv/git/web.git", Scheme::File, ""),
            ("/srv/git/web.git", Scheme::File, ""),
            ("file://localhost/srv/web", Scheme::File, ""),
        ];
        for (text, scheme, host) in good {
            let url: GitUrl = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((url.scheme(), url.host()), (scheme, host), "{text}");
        }
        assert_eq!("/srv/web".parse::<GitUrl>().expect("a path").as_str(), "file:///srv/web");
    }

    #[test]
    fn addresses_that_run_programs_leave_folders_or_hold_credentials_are_refused() {
        let bad = [
            "",
            " ",
            "-",
            "--upload-pack=touch x",
            "--upload-pack=touch",
            "-oProxyCommand=x:y",
            "ext::sh -c touch",
            "ext::sh%20-c%20touch",
            "fd::17",
            "fd::17/foo",
            "https::https://example.com/a",
            "ext://sh",
            "git://example.com/a",
            "ftp://example.com/a",
            "git+ssh://example.com/a",
            "data://example.com/a",
            "javascript://example.com/a",
            // Case G13: an option of ssh in the place of its host
            "ssh://-oProxyCommand=touch/a",
            "ssh://-oProxyCommand=touch@example.com/a",
            "ssh://git@-oProxyCommand=x/a",
            "ssh://git:secret@example.com/a",
            "-oProxyCommand=touch@example.com:a",
            "git@-oProxyCommand=x:a",
            "git@example.com:-a",
            "git@example.com:../../etc",
            "git@example.com:",
            // Case G14: a password in the address
            "https://user:secret@example.com/a",
            "https://token@example.com/a",
            "https://example.com@evil.example/a:b@c",
            "https://example.com",
            "https://example.com/",
            "https:///a",
            // Case G15: a path that leads out, plain or percent-encoded
            "https://example.com/../a",
            "https://example.com/a/%2e%2e/b",
            "https://example.com/a%0ab",
            "https://example.com/a%00",
            "https://example.com/a?b",
            "https://example.com/a#b",
            "https://example.com:0/a",
            "https://example.com:99999/a",
            "https://example.com:x/a",
            "https://example.com:+1/a",
            "https://[::1/a",
            "https://[x]/a",
            "https://[::1]x/a",
            "https://exam ple.com/a",
            "https://example.com/a\nb",
            "https://example.com/a\u{0}b",
            "https://example.com\\@evil.example/a",
            "https://.example.com/a",
            "https://exa%6dple.com/a",
            "file://etc/passwd",
            "file:///",
            "file:///a/../b",
            "../a",
            "./a",
            "a",
            "a/b:c",
            "C:\\repos\\a",
            "https://example.com/-a",
            "https://example.com/%2d-a",
            "https://$(touch x)/a",
            "https://`touch`/a",
            "\u{202e}https://example.com/\u{7}",
        ];
        assert!(bad.len() >= 40);
        for text in bad {
            assert!(text.parse::<GitUrl>().is_err(), "{text:?}");
        }
        assert!(format!("https://example.com/{}", "a".repeat(2048)).parse::<GitUrl>().is_err());
    }

    #[test]
    fn an_error_never_repeats_the_address() {
        let error = "https://user:s3cr3t@example.com/a".parse::<GitUrl>().expect_err("refused");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
    }

    #[test]
    fn found_addresses_are_shown_without_credentials() {
        for (found, shown) in [
            ("https://user:s3cr3t@example.com/a", "https://example.com/a"),
            ("https://t0ken@example.com/a@b", "https://example.com/a@b"),
            ("ssh://git@example.com/a", "ssh://git@example.com/a"),
            ("ssh://git:s3cr3t@example.com/a", "ssh://example.com/a"),
            ("git@example.com:a", "git@example.com:a"),
            ("../elsewhere", "../elsewhere"),
        ] {
            assert_eq!(without_credentials(found), shown);
        }
    }

    proptest! {
        #[test]
        fn nothing_taken_can_be_an_option_or_a_helper(text in "[-a-z:/@.%0-9 \\[\\]]{0,24}") {
            if let Ok(url) = text.parse::<GitUrl>() {
                prop_assert!(!url.as_str().starts_with('-'));
                prop_assert!(!url.host().starts_with('-'));
                prop_assert!(!url.as_str().split('/').next().unwrap_or_default().contains("::"));
                prop_assert!(!url.as_str().split('/').any(|part| part == ".."));
                prop_assert_eq!(url.as_str().parse::<GitUrl>().expect("reads back"), url);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = text.parse::<GitUrl>();
            let _ = without_credentials(&text);
        }
    }
}
