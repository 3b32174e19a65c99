//! Configuration files as people have them.

use oci_signer::{Clock, ConfigFile, Error, Principal};

use crate::{Home, text, vectors};

async fn told(home: &Home, profile: &str) -> String {
    let principal = match home.principal(profile) {
        Ok(principal) => principal,
        Err(error) => return error.to_string(),
    };
    let error = principal.identity(&Clock::default()).await.expect_err("it is wrong");
    error.to_string()
}

#[tokio::test]
async fn a_profile_has_what_the_default_says_where_it_says_nothing_else() {
    let home = Home::new();
    let sealed = home.path("sealed.pem");
    home.write("sealed.pem", include_str!("keys/pkcs8-aes256.pem"));
    home.config(&format!(
        "; by hand\n\n{}\n[OTHER]\nRegion : fra\nkey_file={}\n# a passphrase with signs\npass_phrase = a b=c\n",
        home.user(),
        sealed.display()
    ));
    for profile in ["DEFAULT", "OTHER"] {
        let principal = home.principal(profile).expect("reads");
        assert!(matches!(principal, Principal::User(_)));
        let identity = principal.identity(&Clock::default()).await.expect("a key");
        assert_eq!(identity.key_id(), home.key_id());
        let shown = format!("{principal:?} {identity:?}");
        assert!(!shown.contains("a b=c") && !shown.contains("MII"), "{shown}");
    }
    let file = ConfigFile::find(Some(&home.path("config"))).expect("reads");
    assert_eq!(file.profile("OTHER").and_then(|profile| profile.region()).expect("one"), "eu-frankfurt-1");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_file_line_profile_and_field() {
    let home = Home::new();
    let user = home.user();
    let secret = "hunter22";
    let fingerprint = text(&vectors(), "fingerprint").to_owned();
    let other = fingerprint.replace("0b:f2", "0b:f3");
    for (config, profile, expected) in [
        (String::new(), "DEFAULT", vec!["no profile `DEFAULT`: it has none"]),
        (user.clone(), "OTHER", vec!["no profile `OTHER`", "`DEFAULT`"]),
        (format!("user=x\n{user}"), "DEFAULT", vec!["line 1", "[DEFAULT]"]),
        (format!("{user}{secret}\n"), "DEFAULT", vec!["line 7", "key=value"]),
        (format!("{user}[DEFAULT\n"), "DEFAULT", vec!["line 7", "`]`"]),
        (format!("{user}[DEFAULT]\n"), "DEFAULT", vec!["line 7", "second time"]),
        (format!("{user}user=x\n"), "DEFAULT", vec!["line 7", "`user`", "second time"]),
        (format!("{user}key_content={secret}\n"), "DEFAULT", vec!["line 7", "`DEFAULT`", "`key_content`", "key_file"]),
        (user.replace("user=", "usr="), "DEFAULT", vec!["profile `DEFAULT`", "`user` is missing"]),
        (user.replace("user=ocid1.user", "user=me"), "DEFAULT", vec!["line 2", "`user`", "ocid1.user.oc1"]),
        (user.replace("fingerprint=0b:", "fingerprint="), "DEFAULT", vec!["line 3", "`fingerprint`", "16 pairs"]),
        (user.replace("key.pem", "gone.pem"), "DEFAULT", vec!["line 6", "`key_file`", "gone.pem", "no file"]),
        (user.replace(&fingerprint, &other), "DEFAULT", vec!["line 3", "`fingerprint`", &fingerprint]),
    ] {
        home.config(&config);
        let told = told(&home, profile).await;
        assert!(told.contains("/config`") && !told.contains(secret), "{told}");
        for expected in expected {
            assert!(told.contains(expected), "{expected}: {told}");
        }
    }
    home.config(&user);
    home.write("key.pem", include_str!("keys/pkcs1-aes256.pem"));
    assert!(told(&home, "DEFAULT").await.contains("key.pem`: it is protected by a passphrase"));
    home.config(&format!("{user}pass_phrase={secret}\n"));
    let told = told(&home, "DEFAULT").await;
    assert!(told.contains("does not open") && !told.contains(secret), "{told}");

    let error = ConfigFile::find(Some(&home.path("none"))).expect_err("none");
    assert!(matches!(error, Error::NoConfigFile(_)) && error.to_string().contains("oci setup config"), "{error}");
    std::fs::write(home.path("config"), [0xff, 0xfe]).expect("writes");
    assert!(matches!(ConfigFile::find(Some(&home.path("config"))), Err(Error::Unreadable { .. })));
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "([\\[\\]=:#; \t\na-z.]|\\PC){0,200}") {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config");
        std::fs::write(&path, text).expect("writes");
        if let Ok(file) = ConfigFile::read(&path) {
            let _none = file.profile("DEFAULT");
        }
    }
}
