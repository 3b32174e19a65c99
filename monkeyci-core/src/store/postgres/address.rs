//! Where a database is, and how it is reached.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use zeroize::Zeroizing;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a peer may be silent before it is asked whether it is there, and how long it may leave data unanswered.
const SILENCE: Duration = Duration::from_secs(10);

/// Where a database is: `postgres://user@host:port/database`, with no password in it. The options after `?` are those of
/// libpq.
///
/// Of `sslmode` there are two: `disable`, and `verify-full` (also called `require`), which is what holds where nothing is
/// said, except for a socket and for this machine itself. `sslrootcert` names a file of certificates that are trusted
/// beside those of the system.
#[derive(Clone)]
pub struct Address {
    name: String,
    pub(super) config: Config,
    pub(super) roots: Option<PathBuf>,
}

/// The password of a database's user. It shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

/// Why an address cannot be used. It tells nothing that could be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

impl Password {
    /// A password, without the line's end that a file may have.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl Address {
    /// The same with a password.
    #[must_use]
    pub fn with_password(mut self, password: &Password) -> Self {
        self.config.password(password.0.as_str());
        self
    }

    /// What it is called when something is wrong with it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Without a password, whether it has one or not.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.name).finish()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(url: &str) -> Result<Self, AddressError> {
        let refused = |reason: &str| Err(AddressError(reason.to_owned()));
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return refused("it does not begin with `postgres://`, as `postgres://monkeyci@db.example.com/monkeyci`");
        }
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut tls, mut roots) = (None, None);
        let mut options = form_urlencoded::Serializer::new(String::new());
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match (key.as_ref(), value.as_ref()) {
                ("password", _) => return refused(PASSWORD),
                ("sslmode", "disable") => tls = Some(SslMode::Disable),
                ("sslmode", "require" | "verify-full") => tls = Some(SslMode::Require),
                ("sslmode", _) => return refused("sslmode: there are `disable` and `verify-full`"),
                ("sslrootcert", file) => roots = Some(PathBuf::from(file)),
                (key, value) => drop(options.append_pair(key, value)),
            }
        }
        let options = options.finish().replace('+', "%20");
        let mut config: Config = format!("{place}?{options}").parse().map_err(|error| {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            AddressError(format!("it cannot be understood{cause}"))
        })?;
        if config.get_password().is_some() {
            return refused(PASSWORD);
        }
        if config.get_dbname().is_none() || config.get_hosts().is_empty() {
            return refused("it names no host or no database, as in `postgres://monkeyci@db.example.com/monkeyci`");
        }
        config.ssl_mode(tls.unwrap_or(if is_near(&config) { SslMode::Disable } else { SslMode::Require }));
        config.connect_timeout(config.get_connect_timeout().copied().unwrap_or(CONNECT));
        config.keepalives_idle(SILENCE).keepalives_interval(SILENCE / 3).keepalives_retries(3);
        config.tcp_user_timeout(SILENCE * 2);
        Ok(Self { name: name_of(&config), config, roots })
    }
}

const PASSWORD: &str = "a password does not belong in it, where others may see it: it stands in a file of its own, or in \
                        the environment";

/// Whether nothing leaves this machine on the way there.
fn is_near(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

fn name_of(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    });
    let hosts: Vec<_> = hosts.collect();
    format!("postgres://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, String> {
        url.parse().map_err(|error: AddressError| error.to_string())
    }

    #[test]
    fn a_password_is_refused_in_an_address_and_shown_by_nothing() {
        for url in ["postgres://ann:s3cret@db.example.com/ci", "postgres://ann@db.example.com/ci?password=s3cret"] {
            let error = parse(url).expect_err("it has a password");
            assert!(error.contains("does not belong in it") && !error.contains("s3cret"), "{error}");
        }
        let address = parse("postgres://ann@db.example.com/ci").expect("parses");
        let address = address.with_password(&Password::new("s3cret\n"));
        assert_eq!(address.config.get_password(), Some(&b"s3cret"[..]));
        let shown = format!("{address:?} {:?} {}", Password::new("s3cret"), address.name());
        assert!(!shown.contains("s3cret") && shown.contains("postgres://db.example.com/ci"), "{shown}");
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_somebody_says_otherwise() {
        for (url, mode) in [
            ("postgres://ann@db.example.com/ci", SslMode::Require),
            ("postgres://ann@db.example.com/ci?sslmode=verify-full&sslrootcert=/etc/ca.pem", SslMode::Require),
            ("postgres://ann@db.example.com/ci?sslmode=disable", SslMode::Disable),
            ("postgres://ann@127.0.0.1/ci", SslMode::Disable),
            ("postgres://ann@localhost/ci?sslmode=require", SslMode::Require),
            ("postgresql:///ci?host=/run/postgresql&user=ann", SslMode::Disable),
        ] {
            assert_eq!(parse(url).expect("parses").config.get_ssl_mode(), mode, "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (url, told) in [
            ("mysql://db.example.com/ci", "does not begin with"),
            ("postgres://db.example.com", "names no host or no database"),
            ("postgres:///ci", "names no host or no database"),
            ("postgres://db.example.com/ci?sslmode=prefer", "there are `disable` and `verify-full`"),
            ("postgres://db.example.com:x/ci", "cannot be understood"),
            ("postgres://db.example.com/ci?colour=red", "colour"),
        ] {
            let error = parse(url).expect_err("it is wrong");
            assert!(error.contains(told), "{url}: {error}");
        }
    }
}
