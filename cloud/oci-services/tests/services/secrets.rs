//! Secrets of Vault: what is asked, and what is read of the answers.

use oci_services::secrets::{Secrets, Which};
use serde_json::json;

use crate::golden::assert_like;
use crate::listener::{Listener, Reply};

#[tokio::test]
async fn a_secret_is_asked_for_as_oracle_s_own_client_does_it() {
    let bundle = |version: u64| {
        let content = json!({ "contentType": "BASE64", "content": "czNjcjN0" });
        Reply::new(
            200,
            json!({ "secretId": "s", "versionNumber": version, "secretBundleContent": content, "stages": [] }),
        )
    };
    let listener = Listener::answering([bundle(4), bundle(3), bundle(3)]).await;
    let secrets = Secrets::at(listener.client.clone(), &listener.url).expect("an address");
    let id = "ocid1.vaultsecret.oc1.eu-frankfurt-1.aaaav";
    for (which, version) in [(Which::Current, 4), (Which::Number(3), 3), (Which::Previous, 3)] {
        let secret = secrets.read(id, which).await.expect("a secret");
        assert_eq!((secret.version, secret.content.as_slice()), (version, &b"s3cr3t"[..]));
        assert!(!format!("{secret:?}").contains("s3cr3t"), "{secret:?}");
    }
    for (op, asked) in ["secret_current", "secret_of_a_number", "secret_previous"].into_iter().zip(listener.asked()) {
        assert_like(op, &asked);
    }
}
