//! `ssh_fingerprint`.

use ssh_key::{HashAlg, PublicKey};
use tfplugin::{Function, FunctionError, Object};

/// The fingerprint of a public key, as forges and `monkeyci_ssh_key` show it: `SHA256:…`.
#[derive(Debug, Object)]
pub struct SshFingerprint {
    /// A public key in the format of OpenSSH: `ssh-ed25519 AAAA… comment`.
    public_key: String,
}

impl Function for SshFingerprint {
    type Output = String;
    const NAME: &'static str = "ssh_fingerprint";

    fn call(self) -> Result<String, FunctionError> {
        let wrong = |_| FunctionError::new("a public key is written as `ssh-ed25519 AAAA…`").at("public_key");
        let key = PublicKey::from_openssh(self.public_key.trim()).map_err(wrong)?;
        Ok(key.fingerprint(HashAlg::Sha256).to_string())
    }
}
