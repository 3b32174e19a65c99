//! Signatures of OpenPGP, without which Terraform takes nothing from a registry: as much of RFC 4880 as a key of Ed25519, its
//! one name, and signatures of documents need.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::random::hex;

/// The curve Ed25519, as an object identifier.
const CURVE: [u8; 9] = [0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];

/// What the key is called.
const NAME: &str = "MonkeyCI";

/// When keys were made, in seconds since 1970: part of what tells one from another, so it is the same for all of them.
const MADE: u32 = 1_767_225_600;

/// Numbers of algorithms and kinds.
const VERSION: u8 = 4;
const EDDSA: u8 = 22;
const OF_SHA256: u8 = 8;
const OF_DOCUMENT: u8 = 0x00;
const OF_NAME: u8 = 0x13;

/// A key that signs documents.
pub struct Signer {
    pair: Ed25519KeyPair,
    /// The public key, as it is hashed and sent.
    public: Vec<u8>,
    fingerprint: Vec<u8>,
}

impl Signer {
    /// The key that follows from a secret of 32 bytes.
    #[must_use]
    pub fn new(seed: &[u8; 32]) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed");
        let mut public = vec![VERSION];
        public.extend(MADE.to_be_bytes());
        public.extend([EDDSA, 9]);
        public.extend(CURVE);
        // 0x40 says that the point follows as it is.
        number(&mut public, &[&[0x40], pair.public_key().as_ref()].concat());
        let fingerprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, &framed(&public)).as_ref().to_vec();
        Self { pair, public, fingerprint }
    }

    /// What the key is called by: the last 8 bytes of its fingerprint, in hex.
    #[must_use]
    pub fn id(&self) -> String {
        hex(&self.fingerprint[12..]).to_uppercase()
    }

    /// The public key in armour.
    #[must_use]
    pub fn public_key(&self) -> String {
        let name = [&[0xb4][..], &u32_of(NAME.len()), NAME.as_bytes()].concat();
        let certified = self.signature(OF_NAME, MADE, &[framed(&self.public), name].concat());
        let packets = [packet(6, &self.public), packet(13, NAME.as_bytes()), packet(2, &certified)].concat();
        armour("PGP PUBLIC KEY BLOCK", &packets)
    }

    /// A signature of a document, apart from it.
    #[must_use]
    pub fn sign(&self, document: &[u8]) -> Vec<u8> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        packet(2, &self.signature(OF_DOCUMENT, u32::try_from(now).unwrap_or(u32::MAX), document))
    }

    fn signature(&self, kind: u8, made: u32, of: &[u8]) -> Vec<u8> {
        let mut about = part(2, &made.to_be_bytes());
        about.extend(part(33, &[&[VERSION][..], &self.fingerprint].concat()));
        if kind == OF_NAME {
            // It certifies, and signs.
            about.extend(part(27, &[0x03]));
        }
        let mut signature = vec![VERSION, kind, EDDSA, OF_SHA256];
        signature.extend(u16_of(about.len()));
        signature.extend(about);
        let trailer = [&[VERSION, 0xff][..], &u32_of(signature.len())].concat();
        let hash = digest(&SHA256, &[of, &signature, &trailer].concat());
        let issuer = part(16, &self.fingerprint[12..]);
        signature.extend(u16_of(issuer.len()));
        signature.extend(issuer);
        signature.extend(&hash.as_ref()[..2]);
        let signed = self.pair.sign(hash.as_ref());
        let (point, scalar) = signed.as_ref().split_at(32);
        number(&mut signature, point);
        number(&mut signature, scalar);
        signature
    }
}

/// A number of any size: how many bits it has, and its bytes without zeros before them.
fn number(to: &mut Vec<u8>, bytes: &[u8]) {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let bits = bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize);
    to.extend(u16_of(bits));
    to.extend(bytes);
}

/// A key, as it is hashed.
fn framed(public: &[u8]) -> Vec<u8> {
    [&[0x99][..], &u16_of(public.len()), public].concat()
}

fn part(kind: u8, body: &[u8]) -> Vec<u8> {
    // The length counts the kind; all are short.
    let length = u8::try_from(body.len() + 1).unwrap_or(u8::MAX);
    [&[length, kind][..], body].concat()
}

/// A packet, of fewer than 192 bytes as all of ours.
fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).ok().filter(|length| *length < 192).expect("a short packet");
    [&[0xc0 | tag, length][..], body].concat()
}

fn u16_of(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

fn u32_of(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

/// Bytes as text, with a sum at its end.
fn armour(title: &str, bytes: &[u8]) -> String {
    let mut text = format!("-----BEGIN {title}-----\n\n");
    for line in STANDARD.encode(bytes).as_bytes().chunks(64) {
        text.extend(line.iter().map(|letter| char::from(*letter)));
        text.push('\n');
    }
    let sum = STANDARD.encode(&crc24(bytes).to_be_bytes()[1..]);
    format!("{text}={sum}\n-----END {title}-----\n")
}

fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0xb7_04ce, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte) << 16, |sum, _| {
            let shifted = sum << 1;
            if shifted & 0x100_0000 == 0 { shifted } else { shifted ^ 0x186_4cfb }
        })
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Command, Output};

    use super::*;

    /// What GnuPG says, with keys of its own in a folder; nothing where there is none.
    fn gpg(home: &Path, arguments: &[&str]) -> Option<Output> {
        let ran = Command::new("gpg").arg("--batch").args(arguments).env("GNUPGHOME", home).current_dir(home).output();
        if ran.is_err() {
            let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
            assert!(!required.split(',').any(|name| ["gpg", "all"].contains(&name)), "required: gpg");
            eprintln!("skipped: gpg: it is not in PATH");
        }
        ran.ok()
    }

    #[test]
    fn another_implementation_takes_its_signatures_and_no_others() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).expect("writes");
        let signer = Signer::new(&[7; 32]);
        write("key.asc", signer.public_key().as_bytes());
        let Some(imported) = gpg(dir.path(), &["--import", "key.asc"]) else { return };
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
        // A number that begins with a zero byte is written without it, which one of 128 signatures shows.
        let documents = (0..4_000).map(|number| format!("sums {number}\n"));
        let mut signed: Vec<_> = documents.map(|document| (signer.sign(document.as_bytes()), document)).collect();
        signed.sort_by_key(|(signature, _)| signature.len());
        let (short, whole) = (&signed[0], &signed[signed.len() - 1]);
        assert_ne!(short.0.len(), whole.0.len());
        for (signature, document) in [whole, short] {
            write("sums", document.as_bytes());
            write("sums.sig", signature);
            let verified = gpg(dir.path(), &["--verify", "sums.sig", "sums"]).expect("it is there");
            let said = String::from_utf8_lossy(&verified.stderr);
            assert!(verified.status.success() && said.contains("Good signature from \"MonkeyCI\""), "{said}");
            assert!(said.contains(&signer.id()), "{said}");
            write("sums", b"others\n");
            assert!(!gpg(dir.path(), &["--verify", "sums.sig", "sums"]).expect("it is there").status.success());
        }
    }
}
