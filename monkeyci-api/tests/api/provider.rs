//! A provider of OpenID Connect, GitHub and Bitbucket in one, written from their documentation: it refuses what they refuse.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::key::Key;

pub const CLIENT: &str = "monkey";
pub const SECRET: &str = "s3cret+/ of the client";

/// A provider, and what it is told to do.
#[derive(Clone)]
pub struct Provider {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    issuer: String,
    /// The one redirect address that is registered.
    redirect: String,
    /// Who is signed in there: claims.
    person: Value,
    orgs: Vec<String>,
    codes: HashMap<String, Issued>,
    keys: Vec<Key>,
    /// What makes of claims and the keys another proof than the right one.
    forgery: Option<Forgery>,
    /// What the next proofs say otherwise.
    changed: BTreeMap<String, Value>,
    key_sets_asked: u32,
    tokens_asked: u32,
    says_issuer: bool,
}

/// Makes a proof that is not the provider's.
pub type Forgery = Box<dyn Fn(&Value, &[Key]) -> String + Send>;

struct Issued {
    query: HashMap<String, String>,
    is_used: bool,
}

impl Provider {
    pub async fn start(redirect: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = listener.local_addr().expect("an address");
        let inner = Inner {
            issuer: format!("http://{address}"),
            redirect: redirect.to_owned(),
            person: json!({ "sub": "4711", "preferred_username": "ann", "email": "ann@example.com", "email_verified": true }),
            orgs: vec!["acme".into()],
            codes: HashMap::new(),
            keys: vec![Key::elliptic("one")],
            forgery: None,
            changed: BTreeMap::new(),
            key_sets_asked: 0,
            tokens_asked: 0,
            says_issuer: true,
        };
        let provider = Self { inner: Arc::new(Mutex::new(inner)) };
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/userinfo", get(userinfo))
            .route("/authorize", get(authorize))
            .route("/login/oauth/authorize", get(authorize))
            .route("/site/oauth2/authorize", get(authorize))
            .route("/token", post(openid_token))
            .route("/login/oauth/access_token", post(github_token))
            .route("/site/oauth2/access_token", post(openid_token))
            .route("/api/v3/user", get(github_user))
            .route("/api/v3/user/emails", get(github_emails))
            .route("/api/v3/user/orgs", get(github_orgs))
            .route("/2.0/user", get(bitbucket_user))
            .route("/2.0/user/emails", get(bitbucket_emails))
            .route("/2.0/user/permissions/workspaces", get(bitbucket_workspaces))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
        provider
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn issuer(&self) -> String {
        self.inner().issuer.clone()
    }

    /// From now on somebody else is signed in there.
    pub fn person(&self, person: Value) {
        self.inner().person = person;
    }

    pub fn orgs(&self, orgs: &[&str]) {
        self.inner().orgs = orgs.iter().map(|&org| org.to_owned()).collect();
    }

    /// From now on proofs say something else.
    pub fn says(&self, field: &str, value: Value) {
        self.inner().changed.insert(field.into(), value);
    }

    pub fn says_the_truth(&self) {
        let mut inner = self.inner();
        inner.changed.clear();
        inner.forgery = None;
    }

    /// Signs with a new key from now on; the old ones are gone.
    pub fn rotate(&self, kid: &str) {
        self.inner().keys = vec![Key::elliptic(kid)];
    }

    /// Has these keys from now on, and signs with the first.
    pub fn keys(&self, keys: Vec<Key>) {
        self.inner().keys = keys;
    }

    /// From now on somebody else makes its proofs.
    pub fn forged(&self, forgery: Forgery) {
        self.inner().forgery = Some(forgery);
    }

    /// Something that it signs as the issuer that it is.
    pub fn signed(&self, claims: &Value) -> String {
        self.inner().keys[0].sign(claims)
    }

    pub fn key_sets_asked(&self) -> u32 {
        self.inner().key_sets_asked
    }

    pub fn tokens_asked(&self) -> u32 {
        self.inner().tokens_asked
    }

    fn refuse(what: &str) -> Response {
        (StatusCode::BAD_REQUEST, what.to_owned()).into_response()
    }

    /// Exchanges a code, as strictly as RFC 6749 and 7636 have it; or the error to answer with.
    fn exchange(
        &self,
        headers: &HeaderMap,
        body: &str,
        in_form: bool,
    ) -> Result<HashMap<String, String>, &'static str> {
        let mut inner = self.inner();
        inner.tokens_asked += 1;
        if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/x-www-form-urlencoded") {
            return Err("invalid_request");
        }
        let form: HashMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str);
        let known = if in_form {
            field("client_id") == Some(CLIENT) && field("client_secret") == Some(SECRET)
        } else {
            let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let basic = basic.and_then(|value| STANDARD.decode(value.strip_prefix("Basic ")?).ok());
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            basic.is_some_and(|basic| basic == format!("{CLIENT}:{}", encoded(SECRET)).as_bytes())
                && field("client_secret").is_none()
        };
        if !known {
            return Err("invalid_client");
        }
        if field("grant_type") != Some("authorization_code") {
            return Err("unsupported_grant_type");
        }
        let issued = inner.codes.get_mut(field("code").unwrap_or_default()).ok_or("invalid_grant")?;
        if std::mem::replace(&mut issued.is_used, true) {
            return Err("invalid_grant");
        }
        let digest =
            URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(field("code_verifier").unwrap_or_default().as_bytes()));
        let is_same = |name: &str| field(name) == issued.query.get(name).map(String::as_str);
        if !is_same("redirect_uri") || !is_same("client_id") || issued.query["code_challenge"] != digest {
            return Err("invalid_grant");
        }
        Ok(issued.query.clone())
    }

    fn proof(&self, nonce: &str) -> String {
        let inner = self.inner();
        let now = jsonwebtoken::get_current_timestamp();
        let mut claims = inner.person.clone();
        for (name, value) in [
            ("iss", json!(inner.issuer)),
            ("aud", json!(CLIENT)),
            ("iat", json!(now)),
            ("exp", json!(now + 300)),
            ("nonce", json!(nonce)),
        ] {
            claims[name] = value;
        }
        for (name, value) in &inner.changed {
            claims[name] = value.clone();
        }
        match &inner.forgery {
            Some(forge) => forge(&claims, &inner.keys),
            None => inner.keys[0].sign(&claims),
        }
    }
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let issuer = provider.issuer();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "authorization_response_iss_parameter_supported": provider.inner().says_issuer,
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let mut inner = provider.inner();
    inner.key_sets_asked += 1;
    let keys: Vec<_> = inner.keys.iter().map(|key| &key.public).collect();
    Json(json!({ "keys": keys }))
}

/// Asks nobody, and sends the browser back; what a real one shows a page for is refused.
async fn authorize(State(provider): State<Provider>, Query(query): Query<HashMap<String, String>>) -> Response {
    let field = |name: &str| query.get(name).map_or("", String::as_str);
    let mut inner = provider.inner();
    if field("client_id") != CLIENT || field("redirect_uri") != inner.redirect {
        return Provider::refuse("the client or its redirect address is not known");
    }
    if field("response_type") != "code" || field("scope").is_empty() || field("state").len() < 16 {
        return Provider::refuse("response_type, scope and state");
    }
    if field("code_challenge_method") != "S256" || field("code_challenge").len() != 43 {
        return Provider::refuse("PKCE is wanted");
    }
    if field("scope").contains("openid") && field("nonce").is_empty() {
        return Provider::refuse("a nonce is wanted");
    }
    let code = format!("code-{}", inner.codes.len());
    let pairs = [("code", code.as_str()), ("state", field("state")), ("iss", &inner.issuer)];
    let back = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let to = format!("{}?{back}", inner.redirect);
    inner.codes.insert(code, Issued { query: query.clone(), is_used: false });
    Redirect::to(&to).into_response()
}

async fn openid_token(State(provider): State<Provider>, headers: HeaderMap, body: String) -> Response {
    match provider.exchange(&headers, &body, false) {
        Ok(query) => {
            let proof = provider.proof(query.get("nonce").map_or("", String::as_str));
            Json(json!({ "access_token": "acc3ss", "token_type": "Bearer", "id_token": proof })).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response(),
    }
}

/// GitHub answers 200 also where it refuses.
async fn github_token(State(provider): State<Provider>, headers: HeaderMap, body: String) -> Response {
    match provider.exchange(&headers, &body, true) {
        Ok(_) if headers.get(header::ACCEPT).is_some_and(|kind| kind == "application/json") => {
            Json(json!({ "access_token": "acc3ss", "token_type": "bearer", "scope": "read:user" })).into_response()
        }
        Ok(_) => "access_token=acc3ss&token_type=bearer".into_response(),
        Err(error) => Json(json!({ "error": error })).into_response(),
    }
}

/// What is had with the access token alone.
fn shown(headers: &HeaderMap, value: Value) -> Response {
    if headers.get(header::AUTHORIZATION).is_none_or(|value| value != "Bearer acc3ss") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if headers.get(header::USER_AGENT).is_none() {
        return StatusCode::FORBIDDEN.into_response();
    }
    Json(value).into_response()
}

async fn userinfo(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let mut person = provider.inner().person.clone();
    person["groups"] = json!(provider.inner().orgs);
    shown(&headers, person)
}

async fn github_user(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let person = provider.inner().person.clone();
    let id: u64 = person["sub"].as_str().expect("a sub").parse().expect("a number");
    shown(&headers, json!({ "id": id, "login": person["preferred_username"], "email": "anything@example.org" }))
}

async fn github_emails(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let person = provider.inner().person.clone();
    let emails = json!([
        { "email": "other@example.org", "primary": false, "verified": true },
        { "email": person["email"], "primary": true, "verified": person["email_verified"] },
    ]);
    shown(&headers, emails)
}

async fn github_orgs(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let orgs: Vec<_> = provider.inner().orgs.iter().map(|org| json!({ "login": org })).collect();
    shown(&headers, json!(orgs))
}

async fn bitbucket_user(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let person = provider.inner().person.clone();
    shown(
        &headers,
        json!({ "uuid": format!("{{{}}}", person["sub"].as_str().unwrap_or_default()), "username": person["preferred_username"] }),
    )
}

async fn bitbucket_emails(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let person = provider.inner().person.clone();
    let email = json!({ "email": person["email"], "is_primary": true, "is_confirmed": person["email_verified"] });
    shown(&headers, json!({ "values": [email] }))
}

async fn bitbucket_workspaces(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let orgs: Vec<_> = provider.inner().orgs.iter().map(|org| json!({ "workspace": { "slug": org } })).collect();
    shown(&headers, json!({ "values": orgs }))
}
