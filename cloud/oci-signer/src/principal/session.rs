//! A user who has signed in.

use crate::config_file::Profile;
use crate::error::Error;

use super::{Identity, key_at, secret_at};

/// A user who has signed in by `oci session authenticate`, which writes a token and a key into files, and renews both.
#[derive(Debug)]
pub struct Session {
    profile: Profile,
}

impl Session {
    /// The session that a profile names.
    ///
    /// # Errors
    /// When a file is missing.
    pub fn new(profile: Profile) -> Result<Self, Error> {
        let (_token, _key) = (profile.file("security_token_file")?, profile.file("key_file")?);
        Ok(Self { profile })
    }

    /// Reads the token and the key.
    pub(super) fn identity(&self) -> Result<Identity, Error> {
        let path = self.profile.file("security_token_file")?;
        let token = secret_at(&path)?;
        let key = key_at(&self.profile.file("key_file")?, self.profile.get("pass_phrase"))?;
        Identity::of_token(&token, key, &format!("in `{}`", path.display()))
    }
}
