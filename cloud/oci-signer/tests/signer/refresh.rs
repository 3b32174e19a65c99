//! Sessions and resources, whose tokens end.

use oci_signer::{Client, Principal, PrivateKey, Resource, Signer};
use oracle_emulator::{Oracle, token};

use crate::{Home, text, vectors};

fn public() -> Vec<u8> {
    let all = vectors();
    PrivateKey::from_pem(text(&all, "private_key_pem"), None).expect("a key").public_key().to_vec()
}

async fn ask(client: &Client, oracle: &Oracle) -> u16 {
    let request = client.http().get(format!("{}/echo", oracle.url())).build().expect("a request");
    client.send(request).await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn a_session_signs_by_its_token_until_that_ends_and_then_by_the_next() {
    let (home, oracle) = (Home::new(), Oracle::start().await);
    let [first, second] = [(30, "1"), (3600, "2")].map(|(lasts, id)| token(lasts, id));
    let path = home.path("token");
    home.config(&format!("{}[S]\nsecurity_token_file={}\n", home.user(), path.display()));
    home.write("token", &format!("{first}\n"));
    oracle.state().keys.insert(format!("ST${first}"), public());
    oracle.state().keys.insert(format!("ST${second}"), public());
    let principal = home.principal("S").expect("reads");
    assert!(matches!(principal, Principal::Session(_)));
    let client = Client::new(Signer::new(principal)).expect("a client");
    assert_eq!(ask(&client, &oracle).await, 200);
    let id = client.signer().identity().await.expect("one").key_id().to_owned();
    assert_eq!(id, format!("ST${first}"));
    // It ends within a minute: what is in the file by now is read.
    home.write("token", &second);
    let identity = client.signer().identity().await.expect("one");
    assert_eq!(identity.key_id(), format!("ST${second}"));
    assert!(!format!("{client:?} {identity:?}").contains("eyJ"));
    // One that the service no longer knows is read anew as well.
    let third = token(3600, "3");
    home.write("token", &third);
    oracle.state().keys.clear();
    oracle.state().keys.insert(format!("ST${third}"), public());
    oracle.statuses();
    assert_eq!(ask(&client, &oracle).await, 200);
    assert_eq!(oracle.statuses(), [401, 200]);

    for (wrong, told) in [("", "is none"), ("a\"b", "is none"), ("a.b.c", "does not say when it ends")] {
        home.write("token", wrong);
        let signer = Signer::new(home.principal("S").expect("reads"));
        let error = signer.identity().await.expect_err("no token").to_string();
        assert!(error.contains(told) && error.contains("token`"), "{error}");
    }
}

#[tokio::test]
async fn a_resource_is_read_from_variables_or_from_the_files_that_they_name() {
    let (home, oracle) = (Home::new(), Oracle::start().await);
    let first = token(3600, "1");
    let second = token(3600, "2");
    for id in [&first, &second] {
        oracle.state().keys.insert(format!("ST${id}"), public());
    }
    let all = vectors();
    let plain = text(&all, "private_key_pem").to_owned();
    let make = |token: &str, key: &str, passphrase: &str| {
        Resource::from_variables(|name| match name.strip_prefix("OCI_RESOURCE_PRINCIPAL_")? {
            "VERSION" => Some("2.2".into()),
            "RPST" => Some(token.into()),
            "PRIVATE_PEM" => Some(key.into()),
            "PRIVATE_PEM_PASSPHRASE" => Some(passphrase.into()),
            "REGION" => Some("FRA".into()),
            _ => None,
        })
    };
    let inline = make(&first, &plain, "").expect("reads");
    assert_eq!(
        (inline.region(), inline.claim("res_tenant").expect("reads").as_deref()),
        ("eu-frankfurt-1", Some("ocid1.tenancy.oc1..t"))
    );
    let client = Client::new(Signer::new(Principal::Resource(inline))).expect("a client");
    assert_eq!(ask(&client, &oracle).await, 200);

    home.write("rpst", &first);
    home.write("sealed.pem", include_str!("keys/pkcs1-aes128.pem"));
    home.write("passphrase", "a b=c\n");
    let [rpst, key, passphrase] =
        ["rpst", "sealed.pem", "passphrase"].map(|name| home.path(name).display().to_string());
    let files = make(&rpst, &key, &passphrase).expect("reads");
    let client = Client::new(Signer::new(Principal::Resource(files))).expect("a client");
    assert_eq!(ask(&client, &oracle).await, 200);
    home.write("rpst", &second);
    oracle.state().keys.remove(&format!("ST${first}"));
    oracle.statuses();
    assert_eq!(ask(&client, &oracle).await, 200);
    assert_eq!(oracle.statuses(), [401, 200], "read again once it was refused");
    assert!(!format!("{client:?}").contains("eyJ"));
}

#[test]
fn a_resource_that_is_none_says_which_variable() {
    for (set, told) in [
        (vec![], "OCI_RESOURCE_PRINCIPAL_VERSION` is not set"),
        (vec![("VERSION", "1.1")], "`1.1`: 2.2 is understood"),
        (vec![("VERSION", "2.2")], "OCI_RESOURCE_PRINCIPAL_RPST` is not set"),
        (vec![("VERSION", "2.2"), ("RPST", "x"), ("PRIVATE_PEM", "x"), ("REGION", "")], "_REGION` is not set"),
    ] {
        let find = |name: &str| {
            let name = name.strip_prefix("OCI_RESOURCE_PRINCIPAL_")?;
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let error = Resource::from_variables(find).expect_err("none").to_string();
        assert!(error.contains(told), "{error}");
    }
}
