//! Proofs signed by RSA, as most providers sign, and what is forged of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::browser::{Browser, with};
use super::house::House;
use super::key::Key;
use super::provider::Forgery;

const REFUSED: &str = "/login?refused=provider";

async fn must_refuse(house: &House, what: &str) {
    let mut browser = Browser::default();
    assert_eq!(browser.sign_in(house).await, REFUSED, "{what}");
    assert!(browser.me(house).await.is_none(), "{what}");
}

/// The head of a token and its claims, without a signature.
fn unsigned(head: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(head), part(claims))
}

/// A token of a symmetric algorithm, by this secret.
fn symmetric(algorithm: Algorithm, kid: Option<String>, claims: &Value, secret: &[u8]) -> String {
    let mut header = Header::new(algorithm);
    header.kid = kid;
    encode(&header, claims, &EncodingKey::from_secret(secret)).expect("signs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_that_is_signed_by_rsa_lets_in_and_says_what_it_must() {
    let (house, provider) = with("openid", "new-people = true").await;
    provider.keys(vec![Key::rsa("main"), Key::elliptic("other")]);
    let mut browser = Browser::default();
    assert_eq!(browser.sign_in(&house).await, "/");
    assert_eq!(browser.me(&house).await.expect("signed in")["name"], "ann");
    let now = jsonwebtoken::get_current_timestamp();
    for (field, value) in [
        ("aud", json!("other")),
        ("aud", json!(["monkey", "other"])),
        ("iss", json!("https://evil.example.net")),
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("exp", json!(now - 3600)),
        ("nbf", json!(now + 3600)),
        ("azp", json!("other")),
        ("sub", json!("")),
    ] {
        provider.says(field, value.clone());
        must_refuse(&house, &format!("{field}: {value}")).await;
        provider.says_the_truth();
    }
    assert_eq!(Browser::default().sign_in(&house).await, "/", "and the truth is believed again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_forged_of_a_proof_by_rsa_is_believed() {
    let (house, provider) = with("openid", "new-people = true").await;
    provider.keys(vec![Key::rsa("main"), Key::elliptic("other")]);
    assert_eq!(Browser::default().sign_in(&house).await, "/");

    let mut forgeries: Vec<(String, Forgery)> = Vec::new();
    for alg in ["none", "None", "nOnE", ""] {
        let forge = move |claims: &Value, _: &[Key]| unsigned(&json!({ "alg": alg, "kid": "main" }), claims) + ".";
        forgeries.push((format!("no signature, as `{alg}`"), Box::new(forge)));
        let forge = move |claims: &Value, keys: &[Key]| {
            let good = keys[0].sign(claims);
            let signature = good.rsplit('.').next().expect("a signature").to_owned();
            unsigned(&json!({ "alg": alg, "kid": "main" }), claims) + "." + &signature
        };
        forgeries.push((format!("another's signature, as `{alg}`"), Box::new(forge)));
    }
    // The public key is no secret, in whatever form that it has.
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        for kid in [Some("main".to_owned()), None] {
            let secrets: [fn(&Key) -> Vec<u8>; 3] = [
                |key| key.pem.clone().into_bytes(),
                |key| key.pem.trim_end().as_bytes().to_vec(),
                |key| serde_json::to_vec(&key.public).expect("JSON"),
            ];
            for secret in secrets {
                let kid = kid.clone();
                let forge =
                    move |claims: &Value, keys: &[Key]| symmetric(algorithm, kid.clone(), claims, &secret(&keys[0]));
                forgeries.push((format!("the public key as the secret of {algorithm:?}"), Box::new(forge)));
            }
        }
    }
    // A key of one name is not another's, nor of another kind.
    let named = |kid: &'static str, with: fn() -> Key| -> Forgery {
        let own = with();
        Box::new(move |claims: &Value, _: &[Key]| {
            let mut header = own.header();
            header.kid = Some(kid.into());
            encode(&header, claims, &own.private).expect("signs")
        })
    };
    forgeries.push(("a key of their own, by the name of ours".into(), named("main", || Key::rsa("x"))));
    forgeries.push(("one of another kind, by that name".into(), named("main", || Key::elliptic("x"))));
    forgeries.push(("one by the name of our other".into(), named("other", || Key::rsa("x"))));
    forgeries.push(("one that nobody knows".into(), named("../../dev/null", || Key::rsa("x"))));
    let swapped: Forgery = Box::new(|claims, keys| {
        let mut header = keys[1].header();
        header.kid.clone_from(&keys[0].public.common.key_id);
        encode(&header, claims, &keys[1].private).expect("signs")
    });
    forgeries.push(("our other key, by the name of the first".into(), swapped));
    let own = Key::rsa("main");
    let brought: Forgery = Box::new(move |claims, _| {
        let mut header = own.header();
        header.jwk = Some(own.public.clone());
        header.jku = Some("https://evil.example.net/keys".into());
        encode(&header, claims, &own.private).expect("signs")
    });
    forgeries.push(("a key that it brings along".into(), brought));
    // Another algorithm of the same key is not what the key is for.
    let longer: Forgery = Box::new(|claims, keys| {
        let mut header = Header::new(Algorithm::RS512);
        header.kid.clone_from(&keys[0].public.common.key_id);
        encode(&header, claims, &keys[0].private).expect("signs")
    });
    forgeries.push(("the right key by another algorithm".into(), longer));
    let changed: Forgery = Box::new(|claims, keys| {
        let good = keys[0].sign(claims);
        let parts: Vec<_> = good.split('.').collect();
        let mut other = claims.clone();
        other["sub"] = json!("1");
        let body = URL_SAFE_NO_PAD.encode(other.to_string());
        format!("{}.{body}.{}", parts[0], parts[2])
    });
    forgeries.push(("what was changed after it was signed".into(), changed));

    for (what, forgery) in forgeries {
        provider.forged(forgery);
        must_refuse(&house, &what).await;
        provider.says_the_truth();
    }
    assert_eq!(Browser::default().sign_in(&house).await, "/");
}
