//! Requests that are sent to a service which verifies them.

use oci_signer::{Client, Covers, Error, PrivateKey, RequestError, Signer};
use oracle_emulator::Oracle;

use crate::{Home, text, vectors};

/// Somebody whom the service knows.
async fn known() -> (Home, Oracle, Client) {
    let (home, oracle) = (Home::new(), Oracle::start().await);
    let key = PrivateKey::from_pem(text(&vectors(), "private_key_pem"), None).expect("a key");
    oracle.state().keys.insert(home.key_id(), key.public_key().to_vec());
    let client = Client::new(Signer::new(home.principal("DEFAULT").expect("reads"))).expect("a client");
    (home, oracle, client)
}

#[tokio::test]
async fn requests_of_every_kind_are_believed() {
    let (_home, oracle, client) = known().await;
    let at = |path: &str| format!("{}{path}", oracle.url());
    let http = client.http();
    let odd = at("/echo/a%20b/%C3%A9?x=build+1%3A%C3%A9%2Fx&y=%20&z");
    for request in [
        http.get(at("/echo")),
        http.get(odd.clone()),
        http.head(at("/echo")),
        http.delete(odd.clone()),
        http.post(at("/echo/actions/start")),
        http.post(odd).body("{\"name\": \"häuser\"}"),
        http.put(at("/echo")).header("content-type", "text/plain").body("x"),
        http.patch(at("/echo")).body(vec![0_u8; 100_000]),
    ] {
        let answer = client.send(request.build().expect("a request")).await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.expect("a text"));
        assert_eq!(status, 200, "{text}");
    }
    let object = http.put(at("/echo/n/ns/b/bucket/o/name")).body("hello").build().expect("a request");
    assert_eq!(client.send_covering(object, Covers::Head).await.expect("an answer").status(), 200);
    // What is covered too little or too much is not believed.
    let object = http.put(at("/echo/n/ns/b/bucket/o/name")).body("hello").build().expect("a request");
    assert_eq!(client.send(object).await.expect("an answer").status(), 401);
    let body = http.put(at("/echo")).body("hello").build().expect("a request");
    assert_eq!(client.send_covering(body, Covers::Head).await.expect("an answer").status(), 401);
    let refused = client.send(http.request(reqwest::Method::OPTIONS, at("/echo")).build().expect("a request")).await;
    assert!(matches!(refused, Err(Error::Request(RequestError::Method(_)))));
}

#[tokio::test]
async fn a_wrong_clock_is_set_once_by_what_the_service_says() {
    for ahead in [3600, -3600, 301] {
        let (_home, oracle, client) = known().await;
        oracle.clock().set_ahead(ahead);
        let ask = async || {
            let request = client.http().post(format!("{}/echo", oracle.url())).body("x").build().expect("a request");
            client.send(request).await.expect("an answer").status().as_u16()
        };
        assert_eq!(ask().await, 200);
        assert_eq!(oracle.statuses(), [401, 200], "{ahead}");
        assert_eq!(ask().await, 200);
        assert_eq!(oracle.statuses(), [200], "it stays set");
        assert!((client.signer().clock().behind_by() - ahead).abs() <= 2);
        // Who is refused for something else is not asked again and again.
        oracle.state().keys.clear();
        assert_eq!(ask().await, 401);
        assert_eq!(oracle.statuses(), [401]);
    }
}

#[tokio::test]
async fn a_key_that_was_changed_on_disk_is_taken_once_the_old_one_is_refused() {
    let (home, oracle, client) = known().await;
    let ask = async || {
        let request = client.http().get(format!("{}/echo", oracle.url())).build().expect("a request");
        client.send(request).await.expect("an answer").status().as_u16()
    };
    assert_eq!(ask().await, 200);
    // Another key, in a file that is sealed: the profile says both.
    let old = text(&vectors(), "private_key_pem").to_owned();
    oracle.state().keys.clear();
    let new = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).expect("a key");
    home.write("key.pem", &new.serialize_pem());
    oracle.statuses();
    assert_eq!(ask().await, 401, "the fingerprint in the profile is that of the old key");
    assert_eq!(oracle.statuses(), [401], "nothing else was tried");
    home.write("key.pem", &old);
    let key = PrivateKey::from_pem(&old, None).expect("a key");
    oracle.state().keys.insert(home.key_id(), key.public_key().to_vec());
    assert_eq!(ask().await, 200);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_an_error_with_its_cause() {
    let (_home, oracle, client) = known().await;
    let url = oracle.url();
    drop(oracle);
    let request = client.http().get("http://127.0.0.1:1/echo").build().expect("a request");
    let error = client.send(request).await.expect_err("nobody is there").to_string();
    assert!(error.contains("refused") && !error.contains("Signature"), "{error} {url}");
}
