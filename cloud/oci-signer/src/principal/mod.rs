//! Who signs.

#[cfg(feature = "reqwest")]
mod instance;
mod resource;
mod session;
mod user;

use std::path::Path;
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::config_file::Profile;
use crate::error::Error;
use crate::key::PrivateKey;

#[cfg(feature = "reqwest")]
pub use instance::Instance;
pub use resource::Resource;
pub use session::Session;
pub use user::User;

/// Who signs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Principal {
    /// A user, by an API key.
    User(User),
    /// A user who has signed in, for an hour: `oci session authenticate`.
    Session(Session),
    /// A container instance or function that the program runs in (resource principal 2.2).
    Resource(Resource),
    /// The compute instance that the program runs on.
    #[cfg(feature = "reqwest")]
    Instance(Instance),
}

/// Whom a service knows by which key, until when.
pub struct Identity {
    key_id: Zeroizing<String>,
    key: PrivateKey,
    ends: Option<SystemTime>,
}

impl Principal {
    /// Whoever a profile of a configuration file names: a session where it has a `security_token_file`, else a user.
    ///
    /// # Errors
    /// When a field is missing or wrong.
    pub fn of_profile(profile: Profile) -> Result<Self, Error> {
        Ok(match profile.get("security_token_file") {
            Some(_) => Self::Session(Session::new(profile)?),
            None => Self::User(User::new(profile)?),
        })
    }

    /// Reads keys and tokens anew from where they are.
    ///
    /// # Errors
    /// When there are none that can be used.
    #[cfg_attr(not(feature = "reqwest"), expect(clippy::unused_async, reason = "an instance asks a service"))]
    pub async fn identity(&self, clock: &Clock) -> Result<Identity, Error> {
        #[cfg(not(feature = "reqwest"))]
        let _no_answers = clock;
        match self {
            Self::User(user) => user.identity(),
            Self::Session(session) => session.identity(),
            Self::Resource(resource) => resource.identity(),
            #[cfg(feature = "reqwest")]
            Self::Instance(instance) => instance.identity(clock).await,
        }
    }
}

impl Identity {
    /// A key by what services call whose it is, and when that ends.
    #[must_use]
    pub fn new(key_id: String, key: PrivateKey, ends: Option<SystemTime>) -> Self {
        Self { key_id: Zeroizing::new(key_id), key, ends }
    }

    /// The holder of a security token, whose session has the key.
    pub(crate) fn of_token(token: &str, key: PrivateKey, place: &str) -> Result<Self, Error> {
        let wrong = |why| Error::Token { place: place.to_owned(), why };
        let token = token.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
            return Err(wrong("is none: three parts with dots between are expected"));
        }
        let ends = crate::claims::ends(token).ok_or_else(|| wrong("does not say when it ends"))?;
        Ok(Self::new(format!("ST${token}"), key, Some(ends)))
    }

    /// What services call whose key it is. It holds the token, where there is one.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// When its token ends, where it has one.
    #[must_use]
    pub fn ends(&self) -> Option<SystemTime> {
        self.ends
    }
}

/// Reads a private key from a file.
fn key_at(path: &Path, passphrase: Option<&str>) -> Result<PrivateKey, Error> {
    let text = secret_at(path)?;
    let place = format!("`{}`", path.display());
    PrivateKey::from_pem(&text, passphrase).map_err(|source| Error::Key { place, source })
}

/// Reads a file that is secret.
fn secret_at(path: &Path) -> Result<Zeroizing<String>, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    std::fs::read_to_string(path).map(Zeroizing::new).map_err(unreadable)
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = if self.key_id.starts_with("ST$") { "ST$…" } else { self.key_id.as_str() };
        f.debug_struct("Identity").field("key_id", &known).field("key", &self.key).field("ends", &self.ends).finish()
    }
}
