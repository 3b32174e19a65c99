//! Private keys as people have them.

use oci_signer::{KeyError, PrivateKey};

use crate::{text, vectors};

const PASSPHRASE: &str = "a b=c";

#[test]
fn every_way_to_write_a_key_gives_the_same_key() {
    let all = vectors();
    let [pkcs8, pkcs1] = ["private_key_pem", "private_key_pkcs1_pem"].map(|key| text(&all, key));
    let crlf = pkcs8.replace('\n', "\r\n");
    let labelled = format!("Bag Attributes\n    friendlyName: ci\n{pkcs8}OCI_API_KEY\n");
    for plain in [pkcs8, pkcs1, &crlf, &labelled] {
        // A passphrase that is not needed may be that of another profile.
        for passphrase in [None, Some(PASSPHRASE)] {
            let key = PrivateKey::from_pem(plain, passphrase).expect("a key");
            assert_eq!((key.fingerprint().as_str(), key.bits()), (text(&all, "fingerprint"), 2048));
        }
    }
    for sealed in [
        include_str!("keys/pkcs8-aes256.pem"),
        include_str!("keys/pkcs8-aes192-sha512.pem"),
        include_str!("keys/pkcs8-aes128-sha1.pem"),
        include_str!("keys/pkcs1-aes128.pem"),
        include_str!("keys/pkcs1-aes256.pem"),
    ] {
        let key = PrivateKey::from_pem(sealed, Some(PASSPHRASE)).expect("it opens");
        assert_eq!(key.fingerprint(), text(&all, "fingerprint"));
        assert_eq!(PrivateKey::from_pem(sealed, None).err(), Some(KeyError::NoPassphrase));
        for wrong in ["", "a b=d"] {
            assert_eq!(PrivateKey::from_pem(sealed, Some(wrong)).err(), Some(KeyError::WrongPassphrase));
        }
    }
}

#[test]
fn what_is_no_usable_key_is_refused_with_advice() {
    let all = vectors();
    let whole = text(&all, "private_key_pem");
    let cut = &whole[..whole.len() / 2];
    let damaged = whole.replacen("MIIE", "MIIF", 1);
    for (pem, told) in [
        ("", "BEGIN PRIVATE KEY"),
        (cut, "BEGIN PRIVATE KEY"),
        ("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----", "BEGIN PRIVATE KEY"),
        (&damaged, "2048 bits"),
        (text(&all, "public_key_pem"), "public key"),
        (text(&all, "oracle_private_key_pem"), "2048 bits"),
        (include_str!("keys/ec.pem"), "`EC PRIVATE KEY`"),
        (include_str!("keys/ec-pkcs8.pem"), "2048 bits"),
        (include_str!("keys/pkcs8-3des.pem"), "openssl pkcs8"),
        (include_str!("keys/pkcs8-scrypt.pem"), "openssl pkcs8"),
        (include_str!("keys/pkcs1-3des.pem"), "openssl pkcs8"),
    ] {
        let error = PrivateKey::from_pem(pem, Some(PASSPHRASE)).expect_err("no key").to_string();
        assert!(error.contains(told), "{told}: {error}");
        assert!(!error.contains(PASSPHRASE) && !error.contains("MII"), "{error}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "(-----BEGIN (RSA |ENCRYPTED )?PRIVATE KEY-----\n)?([a-zA-Z0-9+/=:, -]{0,80}\n){0,6}(-----END (RSA |ENCRYPTED )?PRIVATE KEY-----)?") {
        let _refused = PrivateKey::from_pem(&text, Some("x"));
    }
}
