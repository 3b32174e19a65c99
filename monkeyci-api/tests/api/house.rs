//! A server in a folder of its own, with a repository that it can build.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use monkeyci_api::state::State;
use monkeyci_api::{Config, Server, ServerError};
use monkeyci_core::store::StoreError;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::postgres::{PostgresDatabase, PostgresServer};

/// How long something that must happen may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, and who asks it.
pub struct House {
    app: Router,
    pub token: String,
    pub dir: tempfile::TempDir,
    server: Option<Server>,
    work: Option<JoinHandle<()>>,
    change: Option<Change>,
    _database: Option<PostgresDatabase<'static>>,
}

/// What makes its configuration another.
type Change = Box<dyn Fn(&mut Config) + Send + Sync>;

/// The file in a house's folder that has the address of its database, where that is no file.
const DATABASE: &str = "address";

/// A database for the house in a folder, where the tests are to run on PostgreSQL.
fn database(dir: &Path) -> Option<PostgresDatabase<'static>> {
    let wanted = std::env::var("MONKEYCI_TEST_DATABASE").is_ok_and(|name| name == "postgres");
    let database = wanted.then(PostgresServer::shared).flatten()?.database();
    std::fs::write(dir.join(DATABASE), database.url()).expect("writes");
    Some(database)
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text))
    }

    pub fn must(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

impl House {
    /// A server with the organisation `acme`, whose repository `web` has this script.
    pub async fn with_script(script: &str) -> Self {
        let house = Self::empty().await;
        house.commit(script);
        house.put("/v1/orgs/acme", json!({})).await.must(201);
        let url = format!("file://{}", house.repository().display());
        house.put("/v1/orgs/acme/repos/web", json!({ "url": url })).await.must(201);
        house
    }

    /// The same, set up otherwise; each server that comes after it is so as well.
    pub async fn with(script: &str, change: impl Fn(&mut Config) + Send + Sync + 'static) -> Self {
        let mut house = Self::set_up(&change).await;
        house.change = Some(Box::new(change));
        house.commit(script);
        house.put("/v1/orgs/acme", json!({})).await.must(201);
        let url = format!("file://{}", house.repository().display());
        house.put("/v1/orgs/acme/repos/web", json!({ "url": url })).await.must(201);
        house
    }

    /// Somebody is known by an account elsewhere, which has this verified address, and has this role in `acme`.
    pub async fn knows(&self, name: &str, email: &str, role: Option<&str>) {
        let (person, address) = (name.to_owned(), email.to_owned());
        let known = self.state().tables.write(move |sql| {
            monkeyci_api::table::person::add(sql, &person, false, 1)?;
            let identity = json!({ "provider": "sso", "subject": person, "name": person, "email": address, "created": 1, "used": 1 });
            let identity = serde_json::from_value(identity).expect("an identity");
            monkeyci_api::table::identity::put(sql, &person, &identity)
        });
        known.await.expect("writes");
        if let Some(role) = role {
            self.put(&format!("/v1/orgs/acme/members/{name}"), json!({ "role": role })).await;
        }
    }

    /// A server that knows nothing but its first person.
    pub async fn empty() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let _database = database(dir.path());
        let server = open(dir.path()).await;
        let token = server.first_token().expect("a first start").to_owned();
        let work = Some(server.work());
        Self { app: server.router(), token, dir, server: Some(server), work, change: None, _database }
    }

    /// A server that knows nothing but its first person, and is set up otherwise.
    pub async fn set_up(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let _database = database(dir.path());
        let mut config = config(dir.path());
        change(&mut config);
        let server = Server::open(&config).await.expect("opens");
        let token = server.first_token().expect("a first start").to_owned();
        let work = Some(server.work());
        Self { app: server.router(), token, dir, server: Some(server), work, change: None, _database }
    }

    /// A server over the state that lies in a folder, whose first person has this token.
    pub async fn over(dir: tempfile::TempDir, token: &str) -> Self {
        let server = open(dir.path()).await;
        assert!(server.first_token().is_none(), "the first start was before");
        let work = Some(server.work());
        Self {
            app: server.router(),
            token: token.to_owned(),
            dir,
            server: Some(server),
            work,
            change: None,
            _database: None,
        }
    }

    /// Ends the server as a kill does, without a word to anybody, and starts another in the same folder.
    pub async fn again(&mut self) {
        self.try_again().await.expect("opens");
    }

    /// The same, where none may start; then none runs.
    pub async fn try_again(&mut self) -> Result<(), ServerError> {
        if let Some(old) = self.server.take() {
            let stopped = old.stop();
            stopped.cancel();
            self.app = Router::new();
            if let Some(work) = self.work.take() {
                work.await.expect("it worked");
            }
            old.close().await;
        }
        let mut config = config(self.dir.path());
        if let Some(change) = &self.change {
            change(&mut config);
        }
        let server = opened(&config).await?;
        assert!(server.first_token().is_none(), "the first start was before");
        self.work = Some(server.work());
        self.app = server.router();
        self.server = Some(server);
        Ok(())
    }

    /// Whether its builds are in PostgreSQL.
    pub fn is_elsewhere(&self) -> bool {
        self.dir.path().join(DATABASE).exists()
    }

    /// What the server's handlers share.
    pub fn state(&self) -> &State {
        self.server.as_ref().expect("it runs").state()
    }

    pub fn repository(&self) -> PathBuf {
        self.dir.path().join("repository")
    }

    /// Commits a script; returns the commit.
    pub fn commit(&self, script: &str) -> String {
        let repository = self.repository();
        if !repository.exists() {
            std::fs::create_dir_all(repository.join(".monkeyci")).expect("a folder");
            git(&repository, &["init", "-q", "-b", "main"]);
        }
        std::fs::write(repository.join(".monkeyci/build.yaml"), script).expect("writes");
        git(&repository, &["add", "-A"]);
        git(&repository, &["commit", "-q", "--allow-empty", "-m", "a change"]);
        git(&repository, &["rev-parse", "HEAD"])
    }

    /// The head of an answer, with a body that is not read yet.
    pub async fn open(&self, request: Request<Body>) -> Response<Body> {
        self.app.clone().oneshot(request).await.expect("it answers")
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.open(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Asks as whoever has that token; as nobody where there is none.
    pub async fn ask(&self, token: Option<&str>, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "ci.example.com");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).expect("a request")).await
    }

    /// Asks with more headers, and any body.
    pub async fn send_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "ci.example.com");
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).expect("a request")).await
    }

    /// A session of somebody who signs in with that token, as a browser sends it.
    pub async fn session_of(&self, token: &str) -> String {
        let signed = self.ask(None, Method::POST, "/v1/session", Some(json!({ "token": token }))).await.must(200);
        let cookie = signed.headers[header::SET_COOKIE].to_str().expect("a cookie");
        cookie.split(';').next().expect("a pair").to_owned()
    }

    /// A token of its own of somebody who was never here: as if they had signed in and made one.
    pub async fn token_of_person(&self, name: &str) -> String {
        let secret = format!("mci_{name}");
        let hash: String =
            hmac_sha256::Hash::hash(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let (name, id) = (name.to_owned(), format!("token-of-{name}"));
        let written = self.state().tables.write(move |sql| {
            let insert = "INSERT INTO token (id, hash, person, kind, description, created)
                          VALUES ($1, $2, $3, 'api', 'as if they had signed in', 0)";
            sql.execute(insert, monkeyci_core::values![id, hash, name])
        });
        written.await.expect("it is written");
        secret
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Some(&self.token), Method::GET, path, None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Some(&self.token), Method::PUT, path, Some(body)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Some(&self.token), Method::POST, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Some(&self.token), Method::DELETE, path, None).await
    }

    /// A token of the first person for `acme`, of that role.
    pub async fn token_of(&self, role: &str) -> String {
        let body = json!({ "description": role, "scope": { "org": "acme", "role": role } });
        self.post("/v1/tokens", body).await.must(201).json()["secret"].as_str().expect("a secret").to_owned()
    }

    /// Waits until the folders of all jobs are gone, which go after the ends of their jobs are told.
    pub async fn cleared(&self) {
        let jobs = self.dir.path().join("state/jobs");
        let cleared = async {
            while std::fs::read_dir(&jobs).is_ok_and(|left| left.count() > 0) {
                tokio::time::sleep(Duration::from_millis(10)).await; // poll
            }
        };
        tokio::time::timeout(PATIENCE, cleared).await.expect("what jobs had is removed");
    }

    /// What a path shows once it is as it must be.
    pub async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let asked = async {
            loop {
                let answer = self.get(path).await;
                if answer.status.is_success() {
                    let shown = answer.json();
                    if is_so(&shown) {
                        return shown;
                    }
                }
                tokio::time::sleep(Duration::from_millis(10)).await; // poll
            }
        };
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(shown) => shown,
            Err(_) => panic!("{path} is not as it must be: {}", self.get(path).await.text),
        }
    }

    /// A build of `web` once it has ended.
    pub async fn ended(&self, number: u64) -> Value {
        let ends = ["success", "failure", "error", "canceled"];
        let path = format!("/v1/orgs/acme/repos/web/builds/{number}");
        self.until(&path, |build| ends.contains(&build["status"].as_str().unwrap_or_default())).await
    }
}

fn config(dir: &Path) -> Config {
    let mut config = Config { state: dir.join("state"), jobs: Some(4), ..Config::default() };
    config.listen.set_port(0);
    config.public_url = Some("https://ci.example.com".into());
    config.executor.processes = vec!["acme/*".into()];
    config.sources.file = true;
    config.sources.http = true;
    config.sources.private = true;
    config.retention.builds = 400;
    config.database = std::fs::read_to_string(dir.join(DATABASE)).ok();
    config
}

async fn open(dir: &Path) -> Server {
    opened(&config(dir)).await.expect("opens")
}

async fn opened(config: &Config) -> Result<Server, ServerError> {
    // What the server before was still answering holds the database a moment longer.
    let opened = async {
        loop {
            match Server::open(config).await {
                Err(ServerError::Store(StoreError::InUse { .. })) => {
                    tokio::time::sleep(Duration::from_millis(10)).await; // poll
                }
                opened => return opened,
            }
        }
    };
    tokio::time::timeout(PATIENCE, opened).await.expect("the database is let go of")
}

pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=ann", "-c", "user.email=ann@example.com"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
