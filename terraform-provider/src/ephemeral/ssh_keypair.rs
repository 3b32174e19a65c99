//! `ephemeral.monkeyci_ssh_keypair`.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, LineEnding, PrivateKey};
use tfplugin::{Computed, Context, Diagnostic, Diagnostics, Ephemeral, Object, Opened, Result};

use crate::server::Server;

/// An SSH key that is drawn by lot in each run. What takes it by a version, such as `private_key_wo` of `monkeyci_ssh_key` and the
/// deploy key of the forge's provider, takes it in the run in which both versions are counted up. It asks no server.
#[derive(Debug, Object)]
pub struct SshKeypair {
    /// What stands behind the public part, for people.
    #[attribute(default = "monkeyci")]
    comment: String,
    /// The private part in the format of OpenSSH.
    #[attribute(sensitive)]
    private_key: Computed<String>,
    /// The public part, as a forge takes it for a deploy key.
    public_key: Computed<String>,
    /// Its fingerprint: `SHA256:…`.
    fingerprint: Computed<String>,
}

impl Ephemeral for SshKeypair {
    type Client = Server;
    const NAME: &'static str = "ssh_keypair";

    async fn open(self, _: &Context<Server>) -> Result<Opened<Self>> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| undrawn(&error))?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|error| undrawn(&error))?;
        let mut both = [0; 64];
        both[..32].copy_from_slice(&seed);
        both[32..].copy_from_slice(pair.public_key().as_ref());
        let pair = Ed25519Keypair::from_bytes(&both).map_err(|error| undrawn(&error))?;
        let key =
            PrivateKey::new(KeypairData::Ed25519(pair), self.comment.as_str()).map_err(|error| undrawn(&error))?;
        let private = key.to_openssh(LineEnding::LF).map_err(|error| undrawn(&error))?;
        let public = key.public_key();
        Ok(Self {
            private_key: private.to_string().into(),
            public_key: public.to_openssh().map_err(|error| undrawn(&error))?.into(),
            fingerprint: public.fingerprint(HashAlg::Sha256).to_string().into(),
            ..self
        }
        .into())
    }
}

fn undrawn(error: &dyn std::fmt::Display) -> Diagnostics {
    Diagnostic::error("No key can be drawn by lot", format!("{error}.")).into()
}
