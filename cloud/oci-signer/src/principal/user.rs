//! A user, by an API key.

use crate::config_file::Profile;
use crate::error::Error;

use super::{Identity, key_at};

/// A user, by an API key that a profile names.
#[derive(Debug)]
pub struct User {
    profile: Profile,
}

impl User {
    /// Whoever a profile names.
    ///
    /// # Errors
    /// When a field is missing or wrong.
    pub fn new(profile: Profile) -> Result<Self, Error> {
        let (_tenancy, _user) = (profile.ocid("tenancy")?, profile.ocid("user")?);
        let fingerprint = profile.required("fingerprint")?;
        let is_pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
        if fingerprint.split(':').count() != 16 || !fingerprint.split(':').all(is_pair) {
            return Err(
                profile.wrong("fingerprint", "is none: 16 pairs of hexadecimal digits with colons are expected")
            );
        }
        let _key = profile.file("key_file")?;
        Ok(Self { profile })
    }

    /// Reads the key.
    pub(super) fn identity(&self) -> Result<Identity, Error> {
        let profile = &self.profile;
        let key = key_at(&profile.file("key_file")?, profile.get("pass_phrase"))?;
        let fingerprint = profile.required("fingerprint")?;
        if key.fingerprint() != fingerprint {
            let why =
                format!("is not that of the key in `key_file`, which has {}: name the right one", key.fingerprint());
            return Err(profile.wrong("fingerprint", why));
        }
        let key_id = format!("{}/{}/{fingerprint}", profile.ocid("tenancy")?, profile.ocid("user")?);
        Ok(Identity::new(key_id, key, None))
    }
}
