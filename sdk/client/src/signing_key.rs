//! The keys that sign ID tokens of jobs.

use monkeyci_rest::{Rotate, SigningKey};

use crate::{Client, ClientError, Pages};

impl Client {
    /// Those that are believed, the newest first. Only who runs the server sees them here.
    pub fn signing_keys(&self) -> Pages<SigningKey> {
        Pages::new(self.root().at("v1").at("signing-keys"))
    }

    /// Makes a new one.
    ///
    /// # Errors
    /// When the server refuses or cannot be reached.
    pub async fn rotate_signing_key(&self, rotate: Rotate) -> Result<SigningKey, ClientError> {
        self.root().at("v1").at("signing-keys").at("rotate").post(&rotate).await
    }

    /// What discovery says of the server as an issuer of ID tokens.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn openid_configuration(&self) -> Result<serde_json::Value, ClientError> {
        self.root().at(".well-known").at("openid-configuration").get().await
    }

    /// The public halves of the keys, a JSON Web Key Set.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub async fn json_web_keys(&self) -> Result<serde_json::Value, ClientError> {
        self.root().at(".well-known").at("jwks.json").get().await
    }
}
