//! A database that is reached over a network: what is said to it is encrypted, it is known to be the one that is meant, and
//! it knows who asks.

use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::*;
use crate::port::port;
use crate::store::Tables;
use crate::store::postgres_server::PostgresServer;

/// Who is let in: whoever is at this machine's socket, and over TLS who has the password.
const LETS_IN: &str = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";

const PASSWORD: &str = "correct horse battery";

/// A certificate of `localhost` with its key, and that of the authority that signed it, all in PEM.
fn certificates() -> (String, String, String) {
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("signs");
    let key = KeyPair::generate().expect("a key");
    let of = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = of.signed_by(&key, &authority).expect("signs");
    (certificate.pem(), key.serialize_pem(), authority.pem())
}

fn open(url: &str, password: Option<&str>) -> Result<Postgres, StoreError> {
    let address: Address = url.parse().expect("an address");
    Postgres::open(&match password {
        Some(password) => address.with_password(&Password::new(password)),
        None => address,
    })
}

#[tokio::test]
async fn a_database_over_a_network_is_the_one_that_is_meant_and_wants_a_password() {
    let (certificate, key, authority) = certificates();
    let port = port();
    let files = [("own.crt", certificate.as_str()), ("own.key", &key), ("pg_hba.conf", LETS_IN)];
    let settings =
        ["listen_addresses=127.0.0.1", "ssl=on", "ssl_cert_file=own.crt", "ssl_key_file=own.key", "fsync=off"];
    let Some(server) = PostgresServer::start_with(&settings, &files, port) else { return };
    server.ask("createdb", &["ci"]);
    let set = format!("ALTER USER monkeyci PASSWORD '{PASSWORD}'");
    server.ask("psql", &["-X", "-d", "ci", "-c", &set]);
    let dir = tempfile::tempdir().expect("a folder");
    let roots = dir.path().join("authority.pem");
    std::fs::write(&roots, authority).expect("writes");
    let at = |host: &str, options: &str| format!("postgres://monkeyci@{host}:{port}/ci?{options}");
    let ours = format!("sslrootcert={}", roots.display());

    for mode in ["require", "verify-full"] {
        let url = at("localhost", &format!("sslmode={mode}&{ours}"));
        let store = Arc::new(open(&url, Some(PASSWORD)).expect("opens"));
        let tables = Tables::open(store, "none", &[]).await.expect("opens");
        let asked = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
        let rows = tables.read(move |sql| sql.query(asked, &[])).await.expect("asks");
        assert_eq!(rows[0].text(0).expect("a text"), "TLSv1.3", "{mode}");
    }

    let good = at("localhost", &format!("sslmode=verify-full&{ours}"));
    for (case, url, password, told) in [
        ("a wrong password", good.as_str(), Some("wrong horse"), "password authentication failed"),
        ("no password", &good, None, "password"),
        ("an authority that nobody knows", &at("localhost", "sslmode=require"), Some(PASSWORD), "certificate"),
        (
            "another host's certificate",
            &at("127.0.0.1", &format!("sslmode=require&{ours}")),
            Some(PASSWORD),
            "certificate",
        ),
        ("without TLS", &at("localhost", "sslmode=disable"), Some(PASSWORD), "no encryption"),
    ] {
        let error = open(url, password).err().unwrap_or_else(|| panic!("{case}: it opens")).to_string();
        assert!(error.contains(told), "{case}: {error}");
        assert!(!error.contains("horse"), "{case}: {error}");
    }
    let nowhere = at("localhost", "sslmode=require&sslrootcert=/nowhere.pem");
    let error = open(&nowhere, Some(PASSWORD)).err().expect("there is no such file").to_string();
    assert!(error.contains("sslrootcert: `/nowhere.pem`"), "{error}");
}

#[test]
fn a_database_without_tls_is_refused_where_tls_is_wanted() {
    let port = port();
    let Some(server) = PostgresServer::start_with(&["listen_addresses=127.0.0.1", "fsync=off"], &[], port) else {
        return;
    };
    server.ask("createdb", &["ci"]);
    let open = |mode: &str| open(&format!("postgres://monkeyci@127.0.0.1:{port}/ci?sslmode={mode}"), Some(PASSWORD));
    let error = open("require").err().expect("it has none").to_string();
    assert!(error.contains("does not support TLS"), "{error}");
    open("disable").expect("opens");
}
