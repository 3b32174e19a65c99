//! The master key in Oracle Cloud's Vault.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use monkeyci_api::doctor::{Health, examine, oci};
use monkeyci_api::master_key::oci::OciVault;
use monkeyci_api::{Config, Server};
use oci_signer::PrivateKey;
use oracle_emulator::{Fault, Oracle};
use serde_json::json;

use super::house::House;

const SECRET: &str = "ocid1.vaultsecret.oc1.eu-frankfurt-1.aaaa";
const USER: &str = "ocid1.tenancy.oc1..aaaa/ocid1.user.oc1..aaaa";
const PARAM: &str = "/v1/orgs/acme/repos/web/params/TOKEN";
const BUILDS: &str = "/v1/orgs/acme/repos/web/builds";
const SCRIPT: &str = "- {id: login, params: [TOKEN], script: ['test \"$TOKEN\" = hunter22-and-much-more']}";

/// Oracle Cloud with a user, and what a server says of both.
struct Cloud {
    oracle: Oracle,
    dir: tempfile::TempDir,
    said: Arc<Mutex<OciVault>>,
}

impl Cloud {
    async fn new() -> Self {
        let (oracle, dir) = (Oracle::start().await, tempfile::tempdir().expect("a folder"));
        let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).expect("a key");
        let key = PrivateKey::from_pem(&pair.serialize_pem(), None).expect("a key");
        let fingerprint = key.fingerprint();
        oracle.state().keys.insert(format!("{USER}/{fingerprint}"), key.public_key().to_vec());
        let (tenancy, user) = USER.split_once('/').expect("both");
        let file = dir.path().join("key.pem");
        std::fs::write(&file, pair.serialize_pem()).expect("writes");
        let profile = format!(
            "[DEFAULT]\nregion=eu-frankfurt-1\n[CI]\ntenancy={tenancy}\nuser={user}\nfingerprint={fingerprint}\nkey_file={}\n",
            file.display()
        );
        std::fs::write(dir.path().join("config"), profile).expect("writes");
        let said = OciVault {
            secret: Some(SECRET.into()),
            config_file: Some(dir.path().join("config")),
            profile: "CI".into(),
            endpoint: Some(oracle.url()),
            ..OciVault::default()
        };
        Self { oracle, dir, said: Arc::new(Mutex::new(said)) }
    }

    /// Puts a new version of the secret there.
    fn keep(&self, content: &[u8]) {
        self.oracle.state().secrets.entry(SECRET.into()).or_default().push(STANDARD.encode(content));
    }

    fn pin(&self, version: Option<u64>) {
        self.said.lock().expect("nobody panicked").version = version;
    }

    fn said(&self) -> OciVault {
        self.said.lock().expect("nobody panicked").clone()
    }

    /// A configuration of a server that was never started.
    fn config(&self) -> Config {
        let mut config = Config { state: self.dir.path().join("state"), oci_vault: self.said(), ..Config::default() };
        config.listen.set_port(0);
        config
    }

    /// Why no server starts.
    async fn refused(&self) -> String {
        Server::open(&self.config()).await.err().expect("it does not start").to_string()
    }

    /// What the doctor says.
    async fn examined(&self) -> (Health, String) {
        let found = examine(&self.config()).await.into_iter().find(|finding| finding.what == "master key");
        found.map(|finding| (finding.health, finding.told)).expect("it was looked at")
    }
}

/// All files beneath a folder. The server lives, and may clear away what a job had while this looks.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return found,
        entries => entries.expect("a folder"),
    };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_has_its_key_from_vault_and_never_on_disk() {
    let cloud = Cloud::new().await;
    let key = [7_u8, 201, 33, 4].repeat(8);
    let text = STANDARD.encode(&key);
    cloud.keep(format!("{text}\n").as_bytes());
    // It is busy at first.
    cloud.oracle.state().faults.extend([(429, "TooManyRequests"), (503, "ServiceUnavailable")].map(Fault::from));
    let said = Arc::clone(&cloud.said);
    let set = move |config: &mut Config| config.oci_vault = said.lock().expect("nobody panicked").clone();
    let mut house = House::with(SCRIPT, set).await;
    // The house was set up once, and then asked as often as it was refused.
    assert_eq!(cloud.oracle.statuses(), [429, 503, 200]);
    house.put(PARAM, json!({ "value": "hunter22-and-much-more", "secret": true })).await.must(201);
    house.post(BUILDS, json!({})).await.must(201);
    assert_eq!(house.ended(1).await["status"], "success");
    house.again().await;
    house.post(BUILDS, json!({})).await.must(201);
    assert_eq!(house.ended(2).await["status"], "success", "what was sealed before opens");

    let state = house.dir.path().join("state");
    assert!(!state.join("master.key").exists());
    let all = files(&state);
    assert!(all.len() > 3, "{all:?}");
    for file in all {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let has = |piece: &[u8]| bytes.windows(piece.len()).any(|window| window == piece);
        assert!(!has(&key) && !has(text.as_bytes()), "{}", file.display());
    }

    // Somebody makes a new version: no server seals by it beside the old one, and the old one can be named.
    cloud.keep(&[9; 32]);
    let why = house.try_again().await.expect_err("it is another key").to_string();
    assert!(why.contains("master key") && why.contains("oci-vault.version") && why.contains(SECRET), "{why}");
    cloud.pin(Some(1));
    house.again().await;
    house.post(BUILDS, json!({})).await.must(201);
    assert_eq!(house.ended(3).await["status"], "success");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_the_key_away_is_told_with_what_to_do() {
    let cloud = Cloud::new().await;
    let why = cloud.refused().await;
    assert!(
        why.contains(SECRET) && why.contains("read secret-bundles") && why.contains("NotAuthorizedOrNotFound"),
        "{why}"
    );
    assert!(!cloud.dir.path().join("state/master.key").exists(), "none is made in its place");

    // A secret that holds no key, or most of one.
    for none in [&b""[..], b"hunter22", &[1; 31], &[1; 33], &[255; 100], b"aHVudGVyMjI="] {
        cloud.keep(none);
        let why = cloud.refused().await;
        assert!(why.contains("holds no key") && why.contains("openssl rand"), "{why}");
        assert!(!why.contains("hunter22") && !why.contains("aHVu"), "{why}");
        assert_eq!(cloud.examined().await.0, Health::Bad);
    }
    // 32 bytes as they are, too.
    cloud.keep(&[5; 32]);
    let (health, told) = cloud.examined().await;
    assert!(health == Health::Doubtful && told.contains("version 7") && told.contains("oci-vault.version"), "{told}");
    cloud.pin(Some(7));
    assert_eq!(cloud.examined().await.0, Health::Good);
    cloud.pin(Some(8));
    let why = cloud.refused().await;
    assert!(why.contains("with version 8"), "{why}");

    // Who is throttled for long gives up, and says by whom.
    cloud.pin(None);
    cloud.oracle.state().faults.push_back(Fault::too_many(None).times(5));
    assert!(cloud.refused().await.contains("TooManyRequests"));
    // A key that Oracle Cloud does not know, and a clock that is wrong.
    cloud.oracle.clock().set_ahead(-1800);
    Server::open(&cloud.config()).await.expect("the clock is set by what it says").close().await;
    cloud.oracle.clock().set_ahead(0);
    cloud.oracle.state().keys.clear();
    let why = cloud.refused().await;
    assert!(why.contains("NotAuthenticated") && why.contains("does not know the key"), "{why}");
    let mut config = cloud.config();
    config.master_key = Some(cloud.dir.path().join("other.key"));
    let why = Server::open(&config).await.err().expect("two keys").to_string();
    assert!(why.contains("not in both"), "{why}");
    // A profile that is wrong is told with its line.
    std::fs::write(cloud.dir.path().join("config"), "[CI]\ntenancy=ocid1.tenancy.oc1..a\nuser=x\n").expect("writes");
    let why = cloud.refused().await;
    assert!(why.contains("line 3, profile `CI`: `user`") || why.contains("`region`"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_one_stands_with_oracle_cloud_is_told() {
    let cloud = Cloud::new().await;
    cloud.keep(&[5; 32]);
    cloud.pin(Some(1));
    let look = async || {
        let found = oci::examine(&cloud.said()).await;
        found.into_iter().map(|finding| (finding.what, finding.health, finding.told)).collect::<Vec<_>>()
    };
    let found = look().await;
    let seen: Vec<_> = found.iter().map(|(what, health, _)| (*what, *health)).collect();
    let all = ["credentials", "key", "clock", "signature", "master key"];
    assert_eq!(seen, all.map(|what| (what, Health::Good)), "{found:?}");
    assert!(found[0].2.contains("API key of profile `CI`") && found[1].2.contains("2048 bits"), "{found:?}");

    cloud.oracle.clock().set_ahead(1800);
    let found = look().await;
    let (what, health, told) = &found[2];
    assert!(*what == "clock" && *health == Health::Doubtful && told.contains("NTP"), "{found:?}");
    assert_eq!(found[3].1, Health::Good, "{found:?}");
    cloud.oracle.clock().set_ahead(0);

    cloud.oracle.state().keys.clear();
    let found = look().await;
    assert!(found[3].1 == Health::Bad && found[3].2.contains("uploaded"), "{found:?}");

    let config = cloud.dir.path().join("config");
    let said = std::fs::read_to_string(&config).expect("reads");
    let at = said.find("fingerprint=").expect("it is there") + "fingerprint=".len();
    let other = format!("{}{}{}", &said[..at], "00:".repeat(15) + "00", &said[at + 47..]);
    std::fs::write(&config, other).expect("writes");
    let found = look().await;
    assert!(found.len() == 2 && found[1].1 == Health::Bad && found[1].2.contains("line 6"), "{found:?}");
    std::fs::remove_file(cloud.dir.path().join("key.pem")).expect("removed");
    let found = look().await;
    assert!(found.len() == 1 && found[0].2.contains("line 7") && found[0].2.contains("no file"), "{found:?}");
    std::fs::remove_file(&config).expect("removed");
    assert!(look().await[0].2.contains("oci setup config"));
}
