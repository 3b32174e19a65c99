//! A container instance or function that the program runs in.

use std::path::Path;

use zeroize::Zeroizing;

use crate::claims;
use crate::error::Error;
use crate::key::PrivateKey;
use crate::region::canonical;

use super::{Identity, secret_at};

const VERSION: &str = "OCI_RESOURCE_PRINCIPAL_VERSION";
const TOKEN: &str = "OCI_RESOURCE_PRINCIPAL_RPST";
const KEY: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM";
const PASSPHRASE: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE";
const REGION: &str = "OCI_RESOURCE_PRINCIPAL_REGION";

/// A resource that the program runs in, by what the environment says: resource principal 2.2.
pub struct Resource {
    token: Zeroizing<String>,
    key: Zeroizing<String>,
    passphrase: Option<Zeroizing<String>>,
    region: String,
}

impl Resource {
    /// The resource that the variables of the environment name.
    ///
    /// # Errors
    /// When one is missing, or another version is said.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// The resource that these variables name.
    ///
    /// # Errors
    /// When one is missing, or another version is said.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let outside = "is not set: does this run in a container instance or function, with its resource principal on?";
        let required = |name| get(name).ok_or_else(|| Error::Environment { name, why: outside.into() });
        let version = required(VERSION)?;
        if version != "2.2" {
            let why = format!("is `{}`: 2.2 is understood", version.chars().take(20).collect::<String>());
            return Err(Error::Environment { name: VERSION, why });
        }
        Ok(Self {
            token: required(TOKEN)?.into(),
            key: required(KEY)?.into(),
            passphrase: get(PASSPHRASE).map(Zeroizing::new),
            region: canonical(&required(REGION)?),
        })
    }

    /// The region that it is in, by its full name.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// What its token says of it, as `res_tenant` or `res_compartment`.
    ///
    /// # Errors
    /// When the token cannot be read.
    pub fn claim(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(claims::text(value_of(&self.token)?.trim(), name))
    }

    /// Reads the token and the key, where they are in files.
    pub(super) fn identity(&self) -> Result<Identity, Error> {
        let passphrase = self.passphrase.as_deref().map(|passphrase| value_of(passphrase)).transpose()?;
        let passphrase = passphrase.as_deref().map(|text| text.trim_end_matches(['\r', '\n']));
        let key = PrivateKey::from_pem(&value_of(&self.key)?, passphrase);
        let key = key.map_err(|source| Error::Key { place: format!("the variable `{KEY}`"), source })?;
        Identity::of_token(&value_of(&self.token)?, key, &format!("of the variable `{TOKEN}`"))
    }
}

/// What a variable says: the value itself, or the file that has it.
fn value_of(said: &str) -> Result<Zeroizing<String>, Error> {
    let path = Path::new(said);
    if path.is_absolute() { secret_at(path) } else { Ok(Zeroizing::new(said.to_owned())) }
}

impl std::fmt::Debug for Resource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resource").field("region", &self.region).finish_non_exhaustive()
    }
}
