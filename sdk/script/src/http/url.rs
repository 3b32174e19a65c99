//! Where a request goes.

use super::HttpError;

/// A URL that may be asked: `http` or `https`, and a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    text: String,
    /// Bytes of `text` up to the path: scheme, user and host.
    origin: usize,
}

impl Url {
    pub(super) fn parse(text: &str) -> Result<Self, HttpError> {
        let refused = |why: &str| HttpError::Refused { url: shown(text), why: why.to_owned() };
        if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(refused("it holds a space, a line break or the like: write parts of it by `http::encoded`"));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(refused("it begins with neither `http://` nor `https://`"));
        };
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(refused("only `http` and `https` are asked"));
        }
        let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        if rest[..host].rsplit('@').next().is_none_or(str::is_empty) {
            return Err(refused("it names no host"));
        }
        Ok(Self { text: text.to_owned(), origin: scheme.len() + 3 + host })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether its path is none, or ends with `/`.
    pub(super) fn ends_in_a_folder(&self) -> bool {
        let rest = &self.text[self.origin..];
        let path = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
        path.is_empty() || path.ends_with('/')
    }

    /// The URL that a redirect names, when it is of the same scheme and host.
    pub(super) fn beside(&self, to: &str) -> Option<Self> {
        let origin = &self.text[..self.origin];
        if to.starts_with('/') && !to.starts_with("//") {
            return Self::parse(&format!("{origin}{to}")).ok();
        }
        Self::parse(to).ok().filter(|to| to.text[..to.origin].eq_ignore_ascii_case(origin))
    }

    pub(super) fn refused(&self, why: String) -> HttpError {
        HttpError::Refused { url: shown(&self.text), why }
    }
}

/// A URL for people: without what may be secret in it, the user and the query.
pub(super) fn shown(url: &str) -> String {
    let url = &url[..url.find(['?', '#']).unwrap_or(url.len())];
    let shown = match url.split_once("://") {
        Some((scheme, rest)) => {
            let path = rest.find('/').unwrap_or(rest.len());
            let host = rest[..path].rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{}", &rest[path..])
        }
        None => url.to_owned(),
    };
    shown.escape_debug().to_string()
}

/// A text as one part of a URL's path or query: all but letters, digits and `-._~` as `%` and two digits (RFC 3986).
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_for_people_has_no_secrets() {
        assert_eq!(shown("https://ann:pw@example.com:8/a/b?token=x#y"), "https://example.com:8/a/b");
        assert_eq!(shown("https://a@b@example.com?x"), "https://example.com");
        assert_eq!(shown("no url\n"), "no url\\n");
        assert_eq!(encoded("acme/web v1.0~é"), "acme%2Fweb%20v1.0~%C3%A9");
    }

    #[test]
    fn only_what_can_be_asked_is_a_url() {
        for (wrong, why) in [
            ("example.com", "begins with neither"),
            ("file:///etc/passwd", "only `http`"),
            ("https://", "names no host"),
            ("https://ann@/x", "names no host"),
            ("https://example.com/a b", "holds a space"),
            ("https://example.com/\n", "holds a space"),
        ] {
            let error = Url::parse(wrong).expect_err(wrong).to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_redirect_stays_at_its_host_and_scheme() {
        let url = Url::parse("https://example.com/a?b").expect("a URL");
        let beside = |to: &str| url.beside(to).map(|url| url.text);
        assert_eq!(beside("/c?d").as_deref(), Some("https://example.com/c?d"));
        assert_eq!(beside("https://EXAMPLE.com/c").as_deref(), Some("https://EXAMPLE.com/c"));
        for away in
            ["http://example.com/", "https://example.com:8/", "https://example.com.evil.example/", "//evil/", "c"]
        {
            assert_eq!(beside(away), None, "{away}");
        }
    }
}
