//! Requests that Oracle's Python SDK has signed, and two that Oracle has published.

use aws_lc_rs::signature::{RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_signer::{Covers, KeyError, PrivateKey, Request, sign, signing_string};
use serde_json::Value;

use crate::{text, vectors};

fn request(vector: &Value) -> Request<'_> {
    let (_method, target) = text(vector, "request_target").split_once(' ').expect("a method");
    let signed = text(vector, "signed_headers");
    let method = text(vector, "method");
    let covers = match (method, signed.contains("host"), signed.contains("x-content-sha256")) {
        (_, false, _) => Covers::Federation,
        ("POST" | "PUT" | "PATCH", true, false) => Covers::Head,
        _ => Covers::Everything,
    };
    Request {
        method,
        host: text(vector, "host"),
        target,
        content_type: text(&vector["headers"], "content-type"),
        body: vector["body"].as_str().unwrap_or_default().as_bytes(),
        covers,
    }
}

#[test]
fn every_vector_is_signed_byte_for_byte() {
    let all = vectors();
    let list = all["vectors"].as_array().expect("a list");
    assert_eq!(list.len(), 11);
    let mut refused = 0;
    for vector in list {
        let name = text(vector, "name");
        let (request, date) = (request(vector), text(&vector["headers"], "date"));
        assert_eq!(signing_string(&request, date), text(vector, "signing_string"), "{name}");
        let key = match PrivateKey::from_pem(text(&all, text(vector, "key")), None) {
            Ok(key) => key,
            // The two that Oracle has published are of a key that is refused by now, and that nobody has any more.
            Err(KeyError::Refused(_)) => {
                published(vector, &signing_string(&request, date));
                refused += 1;
                continue;
            }
            Err(error) => panic!("{name}: {error}"),
        };
        let signed = sign(&request, date, text(vector, "key_id"), &key).expect("it can be signed");
        for (header, value) in &signed.headers {
            let expected =
                if *header == "authorization" { &vector["authorization"] } else { &vector["headers"][*header] };
            assert_eq!(expected.as_str(), Some(value.as_str()), "{name}: {header}");
        }
        let wants_body = text(vector, "signed_headers").contains("x-content-sha256");
        assert_eq!(signed.headers.len(), if wants_body { 5 } else { 2 }, "{name}");
    }
    assert_eq!(refused, 2);
}

/// A signature of this kind is always the same: what verifies is what we would have signed.
fn published(vector: &Value, signing_string: &str) {
    let public = "MIGJAoGBAMIUQ0bDffIaKHL3akONlCGXQLfqs8mP4K99ILz6rbyHEDXrVAU1R3XfC4JNRyrRB3aqwF7/aEXJzYMIkmDSHUvvz7pn\
                  hQxHsQ5yl91QT0d/eb+Gz4VRHjm4El4MrUdIUcPxscoPqS/wU8Z8lOi1z7bGMnChiL7WGqnV8h6RrGzJAgMBAAE=";
    let public = STANDARD.decode(public).expect("base64");
    let signature = STANDARD.decode(text(vector, "signature")).expect("base64");
    let key = UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &public);
    key.verify(signing_string.as_bytes(), &signature).expect("the signature that Oracle has published");
}

#[test]
fn what_is_signed_shows_no_signature_and_no_token() {
    let all = vectors();
    let vector = &all["vectors"][6];
    let key = PrivateKey::from_pem(text(&all, "private_key_pem"), None).expect("a key");
    let signed = sign(&request(vector), text(&vector["headers"], "date"), text(vector, "key_id"), &key);
    let shown = format!("{:?} {key:?} {:?}", signed.expect("signed"), request(vector));
    assert!(!shown.contains("eyJ") && !shown.contains(text(vector, "signature")), "{shown}");
    assert!(shown.contains("2048 bits, 0b:f2:"), "{shown}");
}
