//! Signs requests to Oracle Cloud Infrastructure as Oracle's own SDKs do: HTTP signatures with RSA and SHA-256.
//!
//! [`sign`] is pure: parts of a request, a date, a name and a key give headers. Around it stand who signs ([`Principal`]:
//! a user's key or a session from the configuration file, the instance or the resource that the program runs on), a
//! [`Signer`] that keeps their keys fresh, and, with the feature `reqwest`, a [`Client`] that sends what was signed,
//! sets its clock by the service where the machine's is wrong, and takes a new token where one has ended.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use oci_signer::{Client, ConfigFile, Principal, Signer, endpoint};
//!
//! let profile = ConfigFile::find(None)?.profile("DEFAULT")?;
//! let url = format!("{}/n", endpoint("objectstorage", &profile.region()?));
//! let client = Client::new(Signer::new(Principal::of_profile(profile)?))?;
//! let answer = client.send(client.http().get(url).build()?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Keys, tokens and passphrases are in no error and in no `Debug` output.

mod claims;
#[cfg(feature = "reqwest")]
mod client;
mod clock;
mod config_file;
mod error;
mod key;
mod passphrase;
mod pem;
mod principal;
mod region;
mod request;
mod signer;
#[cfg(feature = "reqwest")]
mod wire;

#[cfg(feature = "reqwest")]
pub use client::Client;
pub use clock::Clock;
pub use config_file::{ConfigFile, Profile};
pub use error::Error;
pub use key::{KeyError, PrivateKey};
#[cfg(feature = "reqwest")]
pub use principal::Instance;
pub use principal::{Identity, Principal, Resource, Session, User};
pub use region::{canonical, endpoint, realm_domain};
pub use request::{Covers, Request, RequestError, Signed, sign, signing_string};
pub use signer::Signer;
