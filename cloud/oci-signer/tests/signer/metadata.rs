//! An instance, which gets a token by its certificate.

use oci_signer::{Client, Instance, Principal, PrivateKey, Signer};
use oracle_emulator::{Fault, Oracle};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};

const TENANCY: &str = "ocid1.tenancy.oc1..aaaa";

/// Makes the service's machine one of Oracle's, with a new certificate.
fn certify(oracle: &Oracle, unit: &str) {
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key");
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "ocid1.instance.oc1.eu-frankfurt-1.aaaa");
    params.distinguished_name.push(DnType::OrganizationalUnitName, unit);
    let certificate = params.self_signed(&pair).expect("a certificate");
    let sha1 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.der());
    let name: Vec<_> = sha1.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    let key = PrivateKey::from_pem(&pair.serialize_pem(), None).expect("a key");
    let mut state = oracle.state();
    state.keys.clear();
    state.keys.insert(format!("{TENANCY}/fed-x509/{}", name.join(":")), key.public_key().to_vec());
    state.metadata.insert("identity/cert.pem", certificate.pem());
    state.metadata.insert("identity/key.pem", pair.serialize_pem());
    state.metadata.insert("identity/intermediate.pem", certificate.pem());
    state.metadata.insert("instance/region", "fra".into());
}

fn instance(oracle: &Oracle) -> Instance {
    let federation = format!("{}/v1/x509", oracle.url());
    Instance::at(&format!("{}/opc/v2/", oracle.url()), Some(&federation)).expect("a client")
}

async fn ask(client: &Client, oracle: &Oracle) -> u16 {
    let request = client.http().post(format!("{}/echo", oracle.url())).build().expect("a request");
    client.send(request).await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn an_instance_gets_a_token_keeps_it_and_gets_the_next() {
    let oracle = Oracle::start().await;
    certify(&oracle, &format!("opc-tenant:{TENANCY}"));
    let instance = instance(&oracle);
    assert_eq!(instance.region().await.expect("one"), "eu-frankfurt-1");
    // The first answers are busy, and the clock is an hour off.
    oracle.state().faults.extend([(503, "ServiceUnavailable"), (429, "TooManyRequests")].map(Fault::from));
    oracle.clock().set_ahead(3600);
    oracle.state().settings.token_seconds = 2 * 3600;
    let client = Client::new(Signer::new(Principal::Instance(instance))).expect("a client");
    assert_eq!(ask(&client, &oracle).await, 200);
    let asked: Vec<_> = std::mem::take(&mut oracle.state().seen).into_iter().map(|(asked, _)| asked).collect();
    assert_eq!(asked.iter().filter(|asked| *asked == "POST /v1/x509").count(), 2, "the clock was set: {asked:?}");
    let first = client.signer().identity().await.expect("one").key_id().to_owned();
    assert_eq!(ask(&client, &oracle).await, 200);
    assert_eq!(oracle.statuses(), [200], "the token is kept");

    // The certificate has changed, and the token is refused: a new one by a new key.
    certify(&oracle, &format!("opc-identity:{TENANCY}"));
    assert_eq!(ask(&client, &oracle).await, 200);
    let second = client.signer().identity().await.expect("one");
    assert_ne!(second.key_id(), first);

    // Many who are refused at once ask for one token.
    certify(&oracle, &format!("opc-tenant:{TENANCY}"));
    oracle.statuses();
    let asked = tokio::join!(ask(&client, &oracle), ask(&client, &oracle), ask(&client, &oracle));
    assert_eq!(asked, (200, 200, 200));
    let state = oracle.state();
    assert_eq!(state.seen.iter().filter(|(asked, _)| asked == "POST /v1/x509").count(), 1, "{:?}", state.seen);
}

#[tokio::test]
async fn what_is_no_instance_says_so() {
    let oracle = Oracle::start().await;
    certify(&oracle, "opc-compartment:x");
    let told = async || {
        let signer = Signer::new(Principal::Instance(instance(&oracle)));
        signer.identity().await.expect_err("no instance").to_string()
    };
    let error = told().await;
    assert!(error.contains("identity/cert.pem`") && error.contains("names no tenancy"), "{error}");
    certify(&oracle, &format!("opc-tenant:{TENANCY}"));
    oracle.state().keys.clear();
    let error = told().await;
    assert!(error.contains("/v1/x509`") && error.contains("401") && error.contains("unknown key"), "{error}");
    oracle.state().metadata.clear();
    let error = told().await;
    assert!(error.contains("identity/cert.pem`") && error.contains("404"), "{error}");
    oracle.state().metadata.insert("identity/cert.pem", "x".repeat(1_000_000));
    assert!(told().await.contains("longer than"), "{error}");
}
