//! Keys: what they encrypt and decrypt. The crypto endpoint of a vault, API 20180608.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::call::Call;
use crate::cloud::Cloud;
use crate::refusal::Refusal;
use crate::reply::{Answer, Reply};
use crate::shape::{Field, Kind, may, need};
use crate::world::World;

use super::{Service, everything};

const PATHS: [&str; 3] = ["/20180608/encrypt", "/20180608/decrypt", "/20180608/generateDataEncryptionKey"];

pub(crate) const SERVICE: Service = Service {
    name: "kms",
    owns: |path| PATHS.contains(&path),
    covers: everything,
    answer: |cloud, call| answer(cloud, call),
};

/// Its keys by OCID.
#[derive(Default)]
pub(crate) struct State {
    keys: BTreeMap<String, [u8; 32]>,
}

const ALGORITHMS: Kind = Kind::OneOf(&["AES_256_GCM"]);
const ENCRYPT: &[Field] = &[
    need("keyId", Kind::Text(255)),
    need("plaintext", Kind::Base64),
    may("associatedData", Kind::Texts),
    may("keyVersionId", Kind::Text(255)),
    may("encryptionAlgorithm", ALGORITHMS),
    may("loggingContext", Kind::Texts),
];
const DECRYPT: &[Field] = &[
    need("keyId", Kind::Text(255)),
    need("ciphertext", Kind::Text(65_536)),
    may("associatedData", Kind::Texts),
    may("keyVersionId", Kind::Text(255)),
    may("encryptionAlgorithm", ALGORITHMS),
    may("loggingContext", Kind::Texts),
];
const KEY_SHAPE: &[Field] =
    &[need("algorithm", Kind::OneOf(&["AES"])), need("length", Kind::Whole(16, 32)), may("curveId", Kind::Text(64))];
const GENERATE: &[Field] = &[
    need("keyId", Kind::Text(255)),
    need("includePlaintextKey", Kind::Flag),
    need("keyShape", Kind::Object(KEY_SHAPE)),
    may("associatedData", Kind::Texts),
    may("loggingContext", Kind::Texts),
];

fn answer(cloud: &Cloud, call: &Call) -> Answer {
    if call.method != "POST" {
        return Err(Refusal::missing());
    }
    let world = cloud.world();
    match call.path() {
        "/20180608/encrypt" => {
            let said = call.json(ENCRYPT)?;
            let plain = STANDARD.decode(text(&said, "plaintext")).unwrap_or_default();
            let id = text(&said, "keyId");
            Ok(Reply::json(&json!({
                "ciphertext": seal(&world, &said, plain)?, "keyId": id, "keyVersionId": version(id),
                "encryptionAlgorithm": "AES_256_GCM",
            })))
        }
        "/20180608/decrypt" => {
            let said = call.json(DECRYPT)?;
            let (id, plain) = (text(&said, "keyId"), open(&world, &said)?);
            Ok(Reply::json(&json!({
                "plaintext": STANDARD.encode(&plain), "plaintextChecksum": checksum(&plain), "keyId": id,
                "keyVersionId": version(id), "encryptionAlgorithm": "AES_256_GCM",
            })))
        }
        _ => {
            let said = call.json(GENERATE)?;
            let length = said["keyShape"]["length"].as_u64().and_then(|length| usize::try_from(length).ok());
            let mut plain = vec![0; length.unwrap_or(32)];
            getrandom::fill(&mut plain).expect("the machine has chance enough");
            let ciphertext = seal(&world, &said, plain.clone())?;
            let mut shown = json!({ "ciphertext": ciphertext });
            if said["includePlaintextKey"] == true {
                shown["plaintext"] = json!(STANDARD.encode(&plain));
                shown["plaintextChecksum"] = json!(checksum(&plain));
            }
            Ok(Reply::json(&shown))
        }
    }
}

fn text<'a>(said: &'a Value, name: &str) -> &'a str {
    said[name].as_str().unwrap_or_default()
}

fn version(key: &str) -> String {
    key.replacen("ocid1.key.", "ocid1.keyversion.", 1)
}

/// The key that is meant, and what must be the same when something is opened as when it was sealed.
fn key_of(world: &World, said: &Value) -> Result<(RandomizedNonceKey, Aad<Vec<u8>>), Refusal> {
    let key = world.services.kms.keys.get(text(said, "keyId")).ok_or_else(Refusal::missing)?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).expect("it has 32 bytes");
    let said: BTreeMap<_, _> = said["associatedData"].as_object().into_iter().flatten().collect();
    Ok((key, Aad::from(json!(said).to_string().into_bytes())))
}

fn seal(world: &World, said: &Value, mut plain: Vec<u8>) -> Result<String, Refusal> {
    let (key, with) = key_of(world, said)?;
    let nonce = key.seal_in_place_append_tag(with, &mut plain).expect("it is short");
    Ok(STANDARD.encode([&nonce.as_ref()[..], &plain].concat()))
}

fn open(world: &World, said: &Value) -> Result<Vec<u8>, Refusal> {
    let (key, with) = key_of(world, said)?;
    let wrong = || Refusal::invalid("The ciphertext is invalid.");
    let sealed = STANDARD.decode(text(said, "ciphertext")).map_err(|_| wrong())?;
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(wrong)?;
    let mut sealed = sealed.to_vec();
    let plain = key.open_in_place(Nonce::assume_unique_for_key(*nonce), with, &mut sealed).map_err(|_| wrong())?;
    Ok(plain.to_vec())
}

/// CRC-32, as a number in text.
fn checksum(bytes: &[u8]) -> String {
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 * (sum & 1)))
    });
    (!sum).to_string()
}

impl World {
    /// Makes a key of this OCID, where there is none.
    pub fn kms_key(&mut self, id: &str) {
        self.services.kms.keys.entry(id.into()).or_insert_with(|| {
            let mut key = [0; 32];
            getrandom::fill(&mut key).expect("the machine has chance enough");
            key
        });
    }
}
