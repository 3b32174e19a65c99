//! ID tokens of jobs: what they say, who verifies them, and who gets none.

use std::process::Command;

use http::Method;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use super::house::{House, git};

const BUILDS: &str = "/v1/orgs/acme/repos/web/builds";
const URL: &str = "https://ci.example.com";

/// A server whose repository has one job, `ship`, which leaves its tokens in files of the house; `more` are its properties.
async fn house(more: &str) -> House {
    let house = House::with_script("[]").await;
    let dir = house.dir.path().display();
    let lines =
        format!("['printf %s \"$CLOUD\" > {dir}/cloud', 'printf %s \"$BOTH\" > {dir}/both', 'echo \"it is $CLOUD\"']");
    let tokens = "{CLOUD: {audience: sts.amazonaws.com}, BOTH: {audience: [vault, 'https://vault.example.com']}}";
    house.commit(&format!("- {{id: ship, script: {lines}, id-tokens: {tokens}, {more}}}"));
    house
}

fn token(house: &House, name: &str) -> String {
    std::fs::read_to_string(house.dir.path().join(name)).expect("the job wrote it")
}

/// Starts a build, waits for its end, and takes the token for the cloud.
async fn built(house: &House, body: Value) -> String {
    let number = house.post(BUILDS, body).await.must(201).json()["number"].as_u64().expect("a number");
    let ended = house.ended(number).await;
    assert_eq!(ended["status"], "success", "{ended}");
    token(house, "cloud")
}

async fn keys(house: &House) -> JwkSet {
    let answer = house.ask(None, Method::GET, "/.well-known/jwks.json", None).await.must(200);
    assert!(!answer.text.contains("\"d\""), "no private half: {}", answer.text);
    serde_json::from_str(&answer.text).expect("a set of keys")
}

/// What a token says, for whoever believes this server and is that audience.
async fn believed(house: &House, token: &str, audience: &str) -> Result<Value, String> {
    let kid = decode_header(token).map_err(|error| error.to_string())?.kid.ok_or("it names no key")?;
    let keys = keys(house).await;
    let key =
        DecodingKey::from_jwk(keys.find(&kid).ok_or("its key is not there")?).map_err(|error| error.to_string())?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[URL]);
    validation.set_audience(&[audience]);
    validation.validate_nbf = true;
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub", "nbf"]);
    decode::<Value>(token, &key, &validation).map(|token| token.claims).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_known_to_a_cloud_by_what_the_server_signs_for_it() {
    let house = house("timeout: 10m").await;
    let told = house.ask(None, Method::GET, "/.well-known/openid-configuration", None).await.must(200).json();
    assert_eq!((&told["issuer"], &told["jwks_uri"]), (&json!(URL), &json!(format!("{URL}/.well-known/jwks.json"))));
    assert_eq!(told["id_token_signing_alg_values_supported"], json!(["RS256"]));

    let commit = git(&house.repository(), &["rev-parse", "HEAD"]);
    let token = built(&house, json!({ "branch": "main" })).await;
    let claims = believed(&house, &token, "sts.amazonaws.com").await.expect("it is good");
    let expected = json!({
        "iss": URL, "sub": "org:acme:repo:web:ref:refs/heads/main", "aud": "sts.amazonaws.com",
        "org": "acme", "repo": "web", "build": "acme/web/build-1", "build_number": 1, "job": "ship", "attempt": 1,
        "ref": "refs/heads/main", "ref_type": "branch", "commit": commit, "trigger": "api", "actor": "admin",
        "protected": true,
        "iat": claims["iat"], "nbf": claims["iat"], "exp": claims["iat"].as_i64().expect("a time") + 15 * 60,
        "jti": claims["jti"],
    });
    assert_eq!(claims, expected);
    let said = told["claims_supported"].as_array().expect("a list");
    assert!(claims.as_object().expect("claims").keys().all(|name| said.contains(&json!(name))), "{said:?}");

    // It is for one, and not for others.
    let wrong = believed(&house, &token, "vault").await.expect_err("it is for another");
    assert!(wrong.contains("InvalidAudience"), "{wrong}");
    let both = self::token(&house, "both");
    for audience in ["vault", "https://vault.example.com"] {
        let claims = believed(&house, &both, audience).await.expect("it is good");
        assert_eq!(claims["aud"], json!(["vault", "https://vault.example.com"]));
    }
    assert!(believed(&house, &both, "sts.amazonaws.com").await.is_err());

    // Neither the log nor anything that is kept or shown holds it.
    let log = house.get(&format!("{BUILDS}/1/jobs/ship/attempts/1/log")).await.must(200).text;
    assert!(log.contains("it is ***") && !log.contains(&token), "{log}");
    let shown = house.get(&format!("{BUILDS}/1")).await.must(200).text;
    let events = house.get(&format!("{BUILDS}/1/events?limit=200")).await.must(200).text;
    let signature = token.rsplit('.').next().expect("a signature");
    assert!(!shown.contains(signature) && !events.contains(signature));
    let state = house.dir.path().join("state");
    house.cleared().await;
    let found = Command::new("grep").args(["-rlF", signature]).arg(&state).output().expect("grep runs");
    assert!(found.stdout.is_empty(), "{}", String::from_utf8_lossy(&found.stdout));
}

/// What verifies tokens in Python as clouds do, by another implementation than ours.
const PEER: &str = r#"
import base64, json, sys
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
decoded = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
token, keys = sys.argv[1], json.loads(sys.argv[2])["keys"]
head, body, signature = token.split(".")
header = json.loads(decoded(head))
assert header["alg"] == "RS256" and header["typ"] == "JWT", header
[key] = [key for key in keys if key["kid"] == header["kid"]]
assert key["kty"] == "RSA" and key["use"] == "sig" and key["alg"] == "RS256", key
number = lambda name: int.from_bytes(decoded(key[name]), "big")
public = rsa.RSAPublicNumbers(number("e"), number("n")).public_key()
assert public.key_size == 2048, public.key_size
public.verify(decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
print(json.loads(decoded(body))["sub"])
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_independent_implementation_verifies_what_the_server_signs() {
    let has =
        Command::new("python3").args(["-c", "import cryptography"]).output().is_ok_and(|run| run.status.success());
    if !has {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        let is_required = required.split(',').any(|name| name == "python-cryptography" || name == "all");
        assert!(!is_required, "`python-cryptography` is required and missing");
        eprintln!("skipped: python-cryptography: python3 has no module `cryptography`");
        return;
    }
    let house = house("environment: live").await;
    house.put("/v1/orgs/acme/repos/web/environments/live", json!({ "refs": ["main"] })).await.must(201);
    let token = built(&house, json!({})).await;
    let keys = house.ask(None, Method::GET, "/.well-known/jwks.json", None).await.must(200).text;
    let run = Command::new("python3").args(["-c", PEER, &token, &keys]).output().expect("python runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(String::from_utf8_lossy(&run.stdout).trim(), "org:acme:repo:web:environment:live");
    let forged = format!("{}x", token.trim_end_matches(|c: char| c != '.'));
    assert!(!Command::new("python3").args(["-c", PEER, &forged, &keys]).output().expect("runs").status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_names_a_commit_is_not_taken_for_the_branch_that_they_name_beside_it() {
    let house = house("").await;
    git(&house.repository(), &["checkout", "-q", "-b", "theirs"]);
    let commit = git(&house.repository(), &["commit", "-q", "--allow-empty", "-m", "on no other branch"]);
    assert_eq!(commit, "");
    let commit = git(&house.repository(), &["rev-parse", "HEAD"]);
    let token = built(&house, json!({ "branch": "theirs", "commit": commit })).await;
    let claims = believed(&house, &token, "sts.amazonaws.com").await.expect("it is good");
    assert_eq!(claims["sub"], json!(format!("org:acme:repo:web:commit:{commit}")), "{claims}");
    assert_eq!((&claims["ref"], &claims["protected"]), (&Value::Null, &json!(false)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_of_a_fork_gets_none_and_says_so() {
    let house =
        House::with_script("- {id: ship, image: example.com/none, script: [env], id-tokens: {T: {audience: a}}}").await;
    let main = git(&house.repository(), &["rev-parse", "main"]);
    git(&house.repository(), &["update-ref", "refs/pull/7/head", &main]);
    let hook = house.post("/v1/orgs/acme/repos/web/hooks", json!({ "forge": "github" })).await.must(201).json();
    let build = super::fork::opened(&house, &hook, "d-1", &main).await;
    assert_eq!((&build["trigger"]["fork"], &build["status"]), (&json!(true), &json!("failure")), "{build}");
    let result = &build["jobs"][0]["result"];
    assert_eq!(result["message"], "it asks for ID tokens, and builds of a fork get none", "{build}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_taken_up_after_a_kill_prints_its_token_and_nobody_reads_it() {
    let mut house = House::with_script("[]").await;
    let dir = house.dir.path().display().to_string();
    let wait = format!("n=0; until test -e {dir}/go || test $n -ge 600; do n=$((n + 1)); sleep 0.1; done");
    let line = format!("printf %s \"$CLOUD\" > {dir}/cloud; echo began; {wait}; echo \"it is $CLOUD\"");
    house.commit(&format!("- {{id: ship, script: ['{line}'], id-tokens: {{CLOUD: {{audience: a}}}}}}"));
    house.post(BUILDS, json!({})).await.must(201);
    house.until(&format!("{BUILDS}/1/jobs/ship"), |job| job["status"] == "running").await;
    let log = format!("{BUILDS}/1/jobs/ship/attempts/1/log");
    while !house.get(&log).await.text.contains("began") {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await; // poll
    }
    // A new key takes over meanwhile, which must make no difference.
    house.post("/v1/signing-keys/rotate", json!({})).await.must(201);
    house.again().await;
    std::fs::write(house.dir.path().join("go"), "").expect("writes");
    let ended = house.ended(1).await;
    assert_eq!((&ended["status"], &ended["jobs"][0]["attempt"]), (&json!("success"), &json!(1)), "{ended}");
    let printed = house.get(&log).await.must(200).text;
    assert!(printed.contains("it is ***") && !printed.contains(&token(&house, "cloud")), "{printed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_renewed_and_what_the_old_ones_signed_is_believed_as_long_as_it_is_good() {
    const HOUR: i64 = 60 * 60 * 1000;
    let house = house("").await;
    let first = built(&house, json!({})).await;
    let kid = |token: &str| decode_header(token).expect("a header").kid.expect("a key");
    let made = house.post("/v1/signing-keys/rotate", json!({})).await.must(201).json();
    assert!(made["signs"].as_i64() >= made["created"].as_i64().map(|time| time + HOUR), "{made}");
    assert_eq!(keys(&house).await.keys.len(), 2, "the next is shown before it signs");
    let second = built(&house, json!({})).await;
    assert_eq!(kid(&first), kid(&second));
    let listed = house.get("/v1/signing-keys").await.must(200).json();
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["ends"]), (&made["id"], &Value::Null), "{listed}");
    assert!(listed["items"][1]["ends"].as_i64() >= made["signs"].as_i64().map(|signs| signs + HOUR), "{listed}");

    // By the clock.
    let (now, issuer) = (made["created"].as_i64().expect("a time"), &house.state().issuer);
    issuer.tidy(now + HOUR).await.expect("tidies");
    assert_eq!(keys(&house).await.keys.len(), 2);
    issuer.tidy(now + 3 * HOUR).await.expect("tidies");
    let only: Vec<_> = keys(&house).await.keys.into_iter().map(|key| key.common.key_id).collect();
    assert_eq!(only, [made["id"].as_str().map(str::to_owned)], "what it signed is good no more, and it is forgotten");
    issuer.tidy(now + 91 * 24 * HOUR).await.expect("tidies");
    assert_eq!(keys(&house).await.keys.len(), 2, "it is followed by another after 90 days");

    // One that leaked is believed no more, that very moment.
    let before = house.post("/v1/signing-keys/rotate", json!({ "atOnce": true })).await.must(201).json();
    let third = built(&house, json!({})).await;
    assert_eq!(before["id"], json!(kid(&third)));
    let after = house.post("/v1/signing-keys/rotate", json!({ "atOnce": true })).await.must(201).json();
    assert_eq!(keys(&house).await.keys.len(), 1);
    assert_eq!(believed(&house, &third, "sts.amazonaws.com").await, Err("its key is not there".into()));
    let fourth = built(&house, json!({})).await;
    assert_eq!(after["id"], json!(kid(&fourth)));
    believed(&house, &fourth, "sts.amazonaws.com").await.expect("it is good");

    let owner = house.token_of("owner").await;
    for (method, path) in [(Method::GET, "/v1/signing-keys"), (Method::POST, "/v1/signing-keys/rotate")] {
        let body = (method == Method::POST).then(|| json!({}));
        house.ask(Some(&owner), method, path, body).await.must(403);
    }
    house.post("/v1/signing-keys/rotate", json!({ "now": true })).await.must(422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_an_id_token_ends_the_build_before_a_job_runs() {
    let house =
        House::with_script("- {id: ship, script: [touch ran], env: {T: x}, id-tokens: {T: {audience: a}}}").await;
    house.post(BUILDS, json!({})).await.must(201);
    let ended = house.ended(1).await;
    assert_eq!(ended["status"], "failure");
    assert!(ended["message"].to_string().contains("`T` is a variable of the job already"), "{ended}");
}
