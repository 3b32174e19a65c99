//! Mails: what one says, and the server that takes it.
//!
//! A [`Letter`] is kept as it was written; who it is from, its headers and its frame are the [`Mailer`]'s, and follow from
//! the letter's id and time, so that what is sent twice is the same to the byte.

mod letter;
pub mod settings;

use std::net::SocketAddr;
use std::time::Duration;

use lettre::address::AddressError;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{Address, AsyncTransport as _, Tokio1Executor};

pub use letter::{Envelope, Letter};
pub(crate) use letter::{escaped, one_line};

use crate::config::Config;
use settings::{Mail, Security};

/// A server has so long to take a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// It has so long for all of a mail.
const WHOLE: Duration = Duration::from_secs(60);

/// Characters of what a server said that are told to people.
const SAID: usize = 200;

/// Bytes of the longest address: no mail server takes a longer one.
const LONGEST: usize = 254;

/// Codes of refusals that are about who sends, not about the mail: what is wrong there is mended there.
const OF_THE_SENDER: [u16; 4] = [530, 534, 535, 538];

/// Hands mails to the mail server.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    settings: Mail,
}

/// Why a mail was not taken, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTaken {
    /// It may be later.
    Now(String),
    /// It will never be.
    Ever(String),
}

impl Mailer {
    /// One for the mail server that a configuration names, where it names one. It is told the host by which people reach
    /// us; `listens` where that is not said.
    ///
    /// # Errors
    /// What cannot be used, in words for people.
    pub fn of(config: &Config, listens: SocketAddr) -> Result<Option<Self>, String> {
        let url = reqwest::Url::parse(&config.url(listens)).ok();
        let host = url.as_ref().and_then(reqwest::Url::host_str).unwrap_or("localhost");
        Self::open(&config.mail, host).map_err(|why| format!("mail.{why}"))
    }

    fn open(settings: &Mail, host: &str) -> Result<Option<Self>, String> {
        settings.check()?;
        let Some(server) = settings.server.clone() else { return Ok(None) };
        let named = server.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = match settings.security {
            Security::Starttls => Tls::Required(tls(settings, &named)?),
            Security::Tls => Tls::Wrapper(tls(settings, &named)?),
            Security::None => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(named)
            .port(settings.port())
            .hello_name(ClientId::Domain(host.to_owned()))
            .timeout(Some(CONNECT))
            .tls(tls);
        if let Some(user) = &settings.user {
            transport = transport.credentials(Credentials::new(user.clone(), settings.password()?.to_string()));
        }
        Ok(Some(Self { transport: transport.build(), from: settings.from()?, settings: settings.clone() }))
    }

    /// Sends a letter.
    ///
    /// # Errors
    /// When the server does not take it, or cannot be reached.
    pub async fn send(&self, letter: &Letter, envelope: &Envelope<'_>) -> Result<(), NotTaken> {
        let message = letter.message(&self.from, envelope).map_err(NotTaken::Ever)?;
        match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(judge(&error)),
            Err(_) => Err(NotTaken::Now(format!("the mail server did not take it within {} s", WHOLE.as_secs()))),
        }
    }

    /// Greets the server, as who sends, and sends nothing.
    ///
    /// # Errors
    /// Why it does not let us send, in words for people.
    pub async fn greet(&self) -> Result<(), String> {
        match tokio::time::timeout(CONNECT, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("the mail server answers, and does not say that all is well".into()),
            Ok(Err(error)) => match judge(&error) {
                NotTaken::Now(why) | NotTaken::Ever(why) => Err(why),
            },
            Err(_) => Err(format!("the mail server did not answer within {} s", CONNECT.as_secs())),
        }
    }

    /// Whether subscriptions may name an address.
    #[must_use]
    pub fn may_name(&self, address: &str) -> bool {
        self.settings.may_name(address)
    }
}

/// An address as mails are sent to it: its domain in small letters. Other letters than ASCII are refused, as many servers
/// do.
///
/// # Errors
/// Why it is none, in words for people.
pub fn address(text: &str) -> Result<String, String> {
    let read: Result<Address, AddressError> = text.parse();
    match read {
        Ok(address) if text.is_ascii() && text.len() <= LONGEST && !text.contains(['"', ' ']) => {
            Ok(format!("{}@{}", address.user(), address.domain().to_ascii_lowercase()))
        }
        _ => Err("no address of e-mail in ASCII, as `team@example.com`".into()),
    }
}

fn tls(settings: &Mail, server: &str) -> Result<TlsParameters, String> {
    let mut parameters = TlsParameters::builder(server.to_owned());
    if let Some(file) = &settings.authorities {
        let wrong = |why: String| format!("authorities: `{}`: {why}", file.display());
        let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
        let authorities = Certificate::from_pem(&pem).map_err(|_| wrong("no certificates in PEM".into()))?;
        parameters = parameters.add_root_certificate(authorities);
    }
    parameters.build().map_err(|error| error.to_string())
}

fn judge(error: &Error) -> NotTaken {
    let mut said = error.to_string();
    let mut next = std::error::Error::source(error).and_then(std::error::Error::source);
    while let Some(error) = next {
        said = error.to_string();
        next = error.source();
    }
    let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID).collect();
    let Some(code) = error.status().map(u16::from) else {
        return NotTaken::Now(format!("the mail server cannot be reached: {said}"));
    };
    // What it says, without the words around it.
    let said = said.split_once("): ").map_or("", |(_, said)| said);
    let why = format!("the mail server answers {code}{}{said}", if said.is_empty() { "" } else { ": " });
    if error.is_permanent() && !OF_THE_SENDER.contains(&code) { NotTaken::Ever(why) } else { NotTaken::Now(why) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_and_can_carry_nothing_else() {
        assert_eq!(address("Ann.B+ci@Example.COM").as_deref(), Ok("Ann.B+ci@example.com"));
        for text in [
            "",
            "ann",
            "ann@",
            "@example.com",
            "ann@example.com\r\nBcc: eve@example.net",
            "ann@example.com, eve@example.net",
            "Ann <ann@example.com>",
            "\"a b\"@example.com",
            "änn@example.com",
            &format!("{}@example.com", "a".repeat(300)),
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
