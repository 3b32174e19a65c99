//! How the mail server is set up.

use std::net::IpAddr;
use std::path::PathBuf;

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The mail server that writes to subscribers; without one, nobody is written to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Mail {
    /// Its host. Nobody is written to when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "smtp.example.com"))]
    pub server: Option<String>,
    /// Its port; 587 with `starttls`, 465 with `tls` and 25 with `none` when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = 587))]
    pub port: Option<u16>,
    /// How it is spoken to: `starttls`, `tls`, or `none`, in clear text, which only a server on this machine may be.
    pub security: Security,
    /// A file of the authorities, in PEM, one of which signed its certificate, where the system does not know them.
    #[cfg_attr(feature = "schema", schemars(example = "/etc/monkeyci/mail-authorities.pem"))]
    pub authorities: Option<PathBuf>,
    /// Whom mails are from.
    #[cfg_attr(feature = "schema", schemars(example = "MonkeyCI <ci@example.com>"))]
    pub from: Option<String>,
    /// Who sends, for a server that wants to know.
    #[cfg_attr(feature = "schema", schemars(example = "ci@example.com"))]
    pub user: Option<String>,
    /// The file of their password; the variable `MONKEYCI_MAIL_PASSWORD` when that is not said.
    #[cfg_attr(feature = "schema", schemars(example = "/etc/monkeyci/mail.password"))]
    pub password_file: Option<PathBuf>,
    /// Domains whose addresses subscriptions may name; any when there are none. People are written to at the addresses
    /// that their providers have verified, in whatever domain.
    pub domains: Vec<String>,
}

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// In clear text at first, and in TLS before anything is said that matters; never without.
    #[default]
    Starttls,
    /// In TLS from the first byte.
    Tls,
    /// In clear text.
    None,
}

/// The variable of the password, where there is no file.
const PASSWORD: &str = "MONKEYCI_MAIL_PASSWORD";

impl Mail {
    /// Looks for what cannot be used, in words for people. Files are not read.
    ///
    /// # Errors
    /// The first thing that is wrong, with its key.
    pub fn check(&self) -> Result<(), String> {
        let Some(server) = &self.server else {
            let is_said = self.from.is_some() || self.user.is_some() || self.port.is_some();
            return if is_said { Err("server: say the host of the mail server".into()) } else { Ok(()) };
        };
        if server.is_empty() || !server.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)) {
            return Err("server: a host is expected, as `smtp.example.com`; `port` stands apart".into());
        }
        if self.security == Security::None && !is_here(server) {
            return Err("security: `none` would send in clear text to another machine; `starttls` or `tls`".into());
        }
        self.from().map_err(|why| format!("from: {why}"))?;
        if self.password_file.is_some() && self.user.is_none() {
            return Err("user: there is a password, and nobody whose it is".into());
        }
        Ok(())
    }

    /// Whom mails are from.
    ///
    /// # Errors
    /// Why it is no address, in words for people.
    pub fn from(&self) -> Result<Mailbox, String> {
        let from = self.from.as_deref().ok_or("say whom mails are from, as `MonkeyCI <ci@example.com>`")?;
        let read = from.parse::<Mailbox>().ok().filter(|_| from.is_ascii() && !from.chars().any(char::is_control));
        read.ok_or_else(|| "no address in ASCII; `MonkeyCI <ci@example.com>` is expected".into())
    }

    /// The password of who sends.
    ///
    /// # Errors
    /// Why there is none, in words for people.
    pub fn password(&self) -> Result<Zeroizing<String>, String> {
        let text = match &self.password_file {
            Some(file) => std::fs::read_to_string(file)
                .map(Zeroizing::new)
                .map_err(|error| format!("password-file: `{}`: {error}", file.display()))?,
            None => Zeroizing::new(
                std::env::var(PASSWORD)
                    .map_err(|_| format!("user: it has no password: name a `password-file`, or set `{PASSWORD}`"))?,
            ),
        };
        Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// The port, said or not.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            Security::Starttls => 587,
            Security::Tls => 465,
            Security::None => 25,
        })
    }

    /// Whether subscriptions may name an address.
    #[must_use]
    pub fn may_name(&self, address: &str) -> bool {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.domains.is_empty() || self.domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain))
    }
}

/// Whether a host is this machine.
fn is_here(server: &str) -> bool {
    let address = server.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    server.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_told_with_its_key() {
        for (text, told) in [
            ("from = 'ci@example.com'", "server: "),
            ("server = 'smtp.example.com:25'\nfrom = 'ci@example.com'", ""),
            ("server = 'smtp://example.com'\nfrom = 'ci@example.com'", "server: "),
            ("server = 'smtp.example.com'", "from: "),
            ("server = 'smtp.example.com'\nfrom = 'ci'", "from: "),
            ("server = 'smtp.example.com'\nfrom = 'CI <ci@exämple.com>'", "from: "),
            ("server = 'smtp.example.com'\nfrom = 'ci@example.com'\nsecurity = 'none'", "security: "),
            ("server = '10.0.0.1'\nfrom = 'ci@example.com'\nsecurity = 'none'", "security: "),
            ("server = '127.0.0.1'\nfrom = 'ci@example.com'\nsecurity = 'none'", ""),
            ("server = 'localhost'\nfrom = 'ci@example.com'\nsecurity = 'none'\npassword-file = 'x'", "user: "),
        ] {
            let mail: Mail = toml::from_str(text).expect("settings");
            match mail.check() {
                Ok(()) => assert_eq!(told, "", "{text}"),
                Err(why) => assert!(!told.is_empty() && why.starts_with(told), "{text}: {why}"),
            }
        }
    }

    #[test]
    fn addresses_of_other_domains_are_not_named() {
        let mail = Mail { domains: vec!["example.com".into()], ..Mail::default() };
        assert!(mail.may_name("team@EXAMPLE.com") && !mail.may_name("team@example.com.evil.example.net"));
        assert!(Mail::default().may_name("team@example.net"));
    }
}
