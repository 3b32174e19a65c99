//! Private keys that are protected by a passphrase: PKCS#8 with PBES2, and OpenSSL's own way of old.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use md5::{Digest as _, Md5};
use pkcs8::EncryptedPrivateKeyInfo;
use pkcs8::der::Decode as _;
use pkcs8::der::asn1::AnyRef;
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{EncryptionScheme as Cipher, Kdf, Pbkdf2Prf};
use zeroize::Zeroizing;

use crate::key::KeyError;
use crate::pem::Pem;

/// More rounds than anybody has: a file that asks for more would hold the program up.
const ROUNDS: u32 = 10_000_000;

/// Bytes of a block of AES, and of what the first is mixed with.
const BLOCK: usize = 16;

/// Opens an `ENCRYPTED PRIVATE KEY`; what comes out is PKCS#8.
pub(crate) fn open(der: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let info = EncryptedPrivateKeyInfo::from_der(der).map_err(|_| match AnyRef::from_der(der) {
        Ok(_whole) => KeyError::Cipher("another way than PBKDF2 and AES".into()),
        Err(_cut) => KeyError::NoPem,
    })?;
    let EncryptionScheme::Pbes2(scheme) = &info.encryption_algorithm else {
        return Err(KeyError::Cipher("PBES1".into()));
    };
    let Kdf::Pbkdf2(kdf) = &scheme.kdf else { return Err(KeyError::Cipher("scrypt".into())) };
    let prf = match kdf.prf {
        Pbkdf2Prf::HmacWithSha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Pbkdf2Prf::HmacWithSha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Pbkdf2Prf::HmacWithSha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Pbkdf2Prf::HmacWithSha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return Err(KeyError::Cipher("another digest than SHA-1 and SHA-2".into())),
    };
    let (cipher, length, iv) = match scheme.encryption {
        Cipher::Aes128Cbc { iv } => (&AES_128, 16, iv),
        Cipher::Aes192Cbc { iv } => (&AES_192, 24, iv),
        Cipher::Aes256Cbc { iv } => (&AES_256, 32, iv),
        _ => return Err(KeyError::Cipher("another cipher than AES".into())),
    };
    let rounds = NonZeroU32::new(kdf.iteration_count).filter(|rounds| rounds.get() <= ROUNDS);
    let rounds = rounds.ok_or_else(|| KeyError::Cipher(format!("{} rounds", kdf.iteration_count)))?;
    let mut key = Zeroizing::new(vec![0; length]);
    pbkdf2::derive(prf, rounds, kdf.salt, passphrase.as_bytes(), &mut key);
    decrypt(cipher, &key, *iv, info.encrypted_data)
}

/// Opens what has headers `Proc-Type: 4,ENCRYPTED` and `DEK-Info`; what comes out is PKCS#1, or noise.
pub(crate) fn open_legacy(pem: &Pem, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (name, salt) = pem.header("DEK-Info").and_then(|info| info.split_once(',')).ok_or(KeyError::NoPem)?;
    let (cipher, length) = match name {
        "AES-128-CBC" => (&AES_128, 16),
        "AES-192-CBC" => (&AES_192, 24),
        "AES-256-CBC" => (&AES_256, 32),
        other => return Err(KeyError::Cipher(format!("`{}`", other.chars().take(40).collect::<String>()))),
    };
    let iv: [u8; BLOCK] = unhex(salt.trim()).and_then(|iv| iv.try_into().ok()).ok_or(KeyError::NoPem)?;
    // OpenSSL's `EVP_BytesToKey`: each digest is of the one before, the passphrase, and the first half of the IV.
    let mut key = Zeroizing::new(Vec::with_capacity(length + BLOCK));
    while key.len() < length {
        let mut digest = Md5::new();
        digest.update(&key[key.len().saturating_sub(BLOCK)..]);
        digest.update(passphrase.as_bytes());
        digest.update(&iv[..8]);
        key.extend_from_slice(&digest.finalize());
    }
    decrypt(cipher, &key[..length], iv, &pem.bytes)
}

fn decrypt(
    cipher: &'static Algorithm,
    key: &[u8],
    iv: [u8; BLOCK],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let wrong = |_| KeyError::WrongPassphrase;
    let key = UnboundCipherKey::new(cipher, key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7).map_err(wrong)?;
    let mut text = Zeroizing::new(sealed.to_vec());
    let length = key.decrypt(&mut text, DecryptionContext::Iv128(FixedLength::from(iv))).map_err(wrong)?.len();
    text.truncate(length);
    // A wrong passphrase leaves right padding behind once in 256 times, and then noise.
    if text.first() == Some(&0x30) { Ok(text) } else { Err(KeyError::WrongPassphrase) }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(pair).collect())?
}
