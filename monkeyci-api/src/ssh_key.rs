//! Keys of SSH: made, and read.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, LineEnding, PrivateKey};
use zeroize::Zeroizing;

use crate::random;

/// A key with what may be shown of it.
pub struct KeyPair {
    /// The private part in the format of OpenSSH.
    pub private: Zeroizing<String>,
    /// The public part.
    pub public: String,
    /// Its fingerprint: `SHA256:…`.
    pub fingerprint: String,
}

impl KeyPair {
    /// A new key, with a comment that tells people where it is from.
    pub fn generate(comment: &str) -> Self {
        let seed = Zeroizing::new(random::bytes::<32>());
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).expect("every seed is a key");
        let mut both = Zeroizing::new([0; 64]);
        both[..32].copy_from_slice(&*seed);
        both[32..].copy_from_slice(pair.public_key().as_ref());
        let pair = Ed25519Keypair::from_bytes(&both).expect("a key that was just made");
        let key = PrivateKey::new(KeypairData::Ed25519(pair), comment).expect("a key that was just made");
        Self::of(&key).expect("a key that was just made")
    }

    /// A key that somebody gives.
    ///
    /// # Errors
    /// Why it cannot be used, for people; never a part of it.
    pub fn read(private: &str) -> Result<Self, String> {
        let key = PrivateKey::from_openssh(private.trim()).map_err(|_| {
            "this is no private key in the format of OpenSSH, which begins with `-----BEGIN OPENSSH PRIVATE KEY-----`: \
             `ssh-keygen -p -f FILE` writes an older one anew"
                .to_owned()
        })?;
        if key.is_encrypted() {
            return Err(
                "the key has a passphrase, which nobody is there to type: `ssh-keygen -p -f FILE` takes it away".into(),
            );
        }
        Self::of(&key).map_err(|_| "keys of this kind cannot be used: take one of the kind ed25519".into())
    }

    fn of(key: &PrivateKey) -> Result<Self, ssh_key::Error> {
        let public = key.public_key();
        Ok(Self {
            private: key.to_openssh(LineEnding::LF)?,
            public: public.to_openssh()?,
            fingerprint: public.fingerprint(HashAlg::Sha256).to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn keygen(arguments: &[&str]) -> String {
        let output = Command::new("ssh-keygen").args(arguments).output().expect("ssh-keygen runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    #[test]
    fn what_is_made_is_a_key_to_openssh_and_reads_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("key");
        let made = KeyPair::generate("acme/deploy");
        std::fs::write(&file, made.private.as_bytes()).expect("writes");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, mode).expect("a mode");
        let path = file.to_str().expect("text");
        assert_eq!(keygen(&["-y", "-f", path]).trim(), made.public);
        assert!(keygen(&["-l", "-f", path]).contains(&made.fingerprint));
        assert!(made.public.starts_with("ssh-ed25519 ") && made.public.ends_with(" acme/deploy"), "{}", made.public);
        let again = KeyPair::read(&made.private).expect("a key");
        assert_eq!((again.public, again.fingerprint), (made.public, made.fingerprint));
        assert_ne!(*KeyPair::generate("acme/deploy").private, *made.private);
    }

    #[test]
    fn what_openssh_makes_is_read_and_what_has_a_passphrase_is_not() {
        let dir = tempfile::tempdir().expect("a folder");
        for (kind, bits) in [("ed25519", "256"), ("rsa", "3072"), ("ecdsa", "256")] {
            let file = dir.path().join(kind);
            let path = file.to_str().expect("text");
            keygen(&["-q", "-t", kind, "-b", bits, "-N", "", "-C", "ann", "-f", path]);
            let key = KeyPair::read(&std::fs::read_to_string(&file).expect("reads")).expect(kind);
            assert!(keygen(&["-l", "-f", path]).contains(&key.fingerprint), "{kind}");
        }
        let file = dir.path().join("locked");
        let path = file.to_str().expect("text");
        keygen(&["-q", "-t", "ed25519", "-N", "secret words", "-f", path]);
        let locked = std::fs::read_to_string(&file).expect("reads");
        assert!(KeyPair::read(&locked).err().is_some_and(|why| why.contains("passphrase")));
        for none in ["", "no key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"] {
            assert!(KeyPair::read(none).err().is_some_and(|why| why.contains("format of OpenSSH")), "{none}");
        }
    }
}
