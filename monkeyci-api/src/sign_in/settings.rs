//! How a provider is set up.

use std::path::PathBuf;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Bytes of the longest client secret.
const SECRET: u64 = 4096;

/// Somewhere that people sign in by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SignIn {
    /// Its id, which stands in the redirect address; accounts are linked to it, so that it stays what it is.
    #[cfg_attr(feature = "schema", schemars(example = &"github"))]
    pub id: String,
    /// What it is: `github`, `gitlab`, `forgejo`, `gitea`, `bitbucket`, or `openid` for any other that has discovery.
    #[cfg_attr(feature = "schema", schemars(example = &"github"))]
    pub kind: Kind,
    /// What its button says; the kind's own name when that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(example = &"GitHub"))]
    pub name: Option<String>,
    /// Where it is, when it is your own; the issuer of an `openid` provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(example = "https://git.example.com"))]
    pub url: Option<String>,
    /// What this server is called there.
    #[cfg_attr(feature = "schema", schemars(example = "Iv1.0123456789abcdef"))]
    pub client_id: String,
    /// The file that holds its secret there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(example = "/etc/monkeyci/github.secret"))]
    pub client_secret_file: Option<PathBuf>,
    /// The variable that holds it instead, when no file is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(example = &"GITHUB_CLIENT_SECRET"))]
    pub client_secret_env: Option<String>,
    /// Only who belongs to one of these there: organisations, groups or workspaces.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(example = ["acme"]))]
    pub organisations: Vec<String>,
    /// Only who has a verified address in one of these domains. With both, either is enough.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(example = ["example.com"]))]
    pub domains: Vec<String>,
    /// Whether people who are not known yet get an account, which belongs to no organisation.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(example = false))]
    pub new_people: bool,
    /// Whether who has a verified address gets the account that is called so, where nobody signs in by it yet.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(example = false))]
    pub link_by_email: bool,
}

/// What a provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// GitHub, or GitHub Enterprise.
    Github,
    /// GitLab.
    Gitlab,
    /// Forgejo; Codeberg when no `url` is said.
    Forgejo,
    /// Gitea.
    Gitea,
    /// Bitbucket Cloud.
    Bitbucket,
    /// Any provider of OpenID Connect that has discovery.
    Openid,
}

impl Kind {
    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Forgejo => "forgejo",
            Self::Gitea => "gitea",
            Self::Bitbucket => "bitbucket",
            Self::Openid => "openid",
        }
    }

    fn standard(self) -> Option<&'static str> {
        match self {
            Self::Github => Some("https://github.com"),
            Self::Gitlab => Some("https://gitlab.com"),
            Self::Forgejo => Some("https://codeberg.org"),
            Self::Gitea => Some("https://gitea.com"),
            Self::Bitbucket => Some("https://bitbucket.org"),
            Self::Openid => None,
        }
    }
}

impl SignIn {
    /// Looks for what cannot be used, in words for people.
    ///
    /// # Errors
    /// The first thing that is wrong, with its key.
    pub fn check(&self) -> Result<(), String> {
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.id.is_empty() || self.id.len() > 40 || !self.id.chars().all(is_id) {
            return Err("id: up to 40 small letters, digits and `-` are expected".into());
        }
        if self.client_id.is_empty() {
            return Err("client-id: it is empty; the provider says what it is".into());
        }
        self.place().map(drop)
    }

    /// Where it is. Only on this machine may it be in clear text.
    ///
    /// # Errors
    /// Why that is no address, in words for people.
    pub fn place(&self) -> Result<Url, String> {
        let url = self.url.as_deref().or(self.kind.standard());
        let url = url.ok_or("url: say the issuer of the provider, as `https://login.example.com`")?;
        let url = Url::parse(url).map_err(|_| "url: no address; `https://…` is expected".to_owned())?;
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
            return Err("url: `https` is expected: what is said there signs people in".into());
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err("url: an address without user, query and fragment is expected".into());
        }
        Ok(url)
    }

    /// What its button says.
    #[must_use]
    pub fn label(&self) -> String {
        let own = match self.kind {
            Kind::Github => "GitHub",
            Kind::Gitlab => "GitLab",
            Kind::Forgejo if self.url.is_none() => "Codeberg",
            Kind::Forgejo => "Forgejo",
            Kind::Gitea => "Gitea",
            Kind::Bitbucket => "Bitbucket",
            Kind::Openid => &self.id,
        };
        self.name.clone().unwrap_or_else(|| own.to_owned())
    }

    /// The client's secret; none where the provider knows us without one.
    ///
    /// # Errors
    /// Why it cannot be had, in words for people; never what it is.
    pub fn secret(&self) -> Result<Option<Zeroizing<String>>, String> {
        let text = match (&self.client_secret_file, &self.client_secret_env) {
            (Some(path), _) => {
                let read = std::fs::File::open(path).and_then(|file| {
                    let mut text = Zeroizing::new(String::new());
                    std::io::Read::read_to_string(&mut std::io::Read::take(file, SECRET), &mut text)?;
                    Ok(text)
                });
                read.map_err(|error| format!("client-secret-file: `{}`: {error}", path.display()))?
            }
            (None, Some(name)) => {
                let value = std::env::var(name);
                Zeroizing::new(value.map_err(|_| format!("client-secret-env: the variable `{name}` holds no text"))?)
            }
            (None, None) => return Ok(None),
        };
        let secret = Zeroizing::new(text.trim().to_owned());
        if secret.is_empty() {
            return Err("client-secret: it is empty".into());
        }
        Ok(Some(secret))
    }
}

/// Whether an address is on this machine, by its number.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SignIn, String> {
        let read: SignIn = toml::from_str(text).map_err(|error| error.to_string())?;
        read.check().map(|()| read)
    }

    #[test]
    fn the_public_forges_need_no_address_and_others_need_one() {
        for (kind, at) in [("github", "https://github.com/"), ("forgejo", "https://codeberg.org/")] {
            let read = read(&format!("id = 'a'\nkind = '{kind}'\nclient-id = 'x'")).expect("reads");
            assert_eq!(read.place().expect("a place").as_str(), at);
        }
        assert!(read("id = 'a'\nkind = 'openid'\nclient-id = 'x'").expect_err("no issuer").contains("issuer"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_key() {
        let with = |more: &str| read(&format!("id = 'a'\nkind = 'gitlab'\nclient-id = 'x'\n{more}"));
        for (more, told) in [
            ("url = 'http://git.example.com'", "url: `https`"),
            ("url = 'https://ann:pw@git.example.com'", "url:"),
            ("url = 'git.example.com'", "url:"),
            ("client-secret = 'hunter22'", "client-secret"),
            ("name = 1", "line 4"),
        ] {
            assert!(with(more).expect_err("it is wrong").contains(told), "{more}");
        }
        assert!(with("url = 'http://127.0.0.1:3000'").is_ok(), "clear text does not leave this machine");
        assert!(read("id = '../a'\nkind = 'github'\nclient-id = 'x'").expect_err("no id").starts_with("id:"));
    }

    #[test]
    fn a_secret_that_cannot_be_had_is_told_without_it() {
        let mut settings = read("id = 'a'\nkind = 'github'\nclient-id = 'x'").expect("reads");
        assert!(settings.secret().expect("none").is_none());
        let dir = tempfile::tempdir().expect("a folder");
        settings.client_secret_file = Some(dir.path().join("secret"));
        assert!(settings.secret().expect_err("no file").starts_with("client-secret-file"));
        std::fs::write(dir.path().join("secret"), "hunter22\n").expect("writes");
        assert_eq!(settings.secret().expect("had").expect("one").as_str(), "hunter22");
    }
}
