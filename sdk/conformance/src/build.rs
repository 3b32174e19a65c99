//! A build that is played: the API that a program may ask, which takes nothing that MonkeyCI would not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use monkeyci_sdk::http::{Asked, Fake, Reply};
use monkeyci_sdk::model::result::SavedFile;
use monkeyci_sdk::model::script::Answer;
use monkeyci_sdk::model::script::api::{JobView, Place, Problem};
use monkeyci_sdk::model::{Job, JobResult, JobStatus};
use serde_json::json;
use tempfile::TempDir;

/// A build that answers.
pub struct Build {
    /// The workspace of the job that asks.
    pub dir: TempDir,
    /// The token that the program is given.
    pub token: String,
    fake: Fake,
    told: Arc<Mutex<Told>>,
}

/// What a program told.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Artifacts that it saved, by id, with what was in them.
    pub saved: Vec<(String, String)>,
    /// Fields of its result.
    pub fields: Vec<Answer>,
    /// Requests that were refused.
    pub refused: Vec<String>,
}

/// The token that is right.
const TOKEN: &str = "0123456789abcdef";

impl Build {
    /// One on a socket.
    pub fn on_socket() -> Result<Self, String> {
        Self::new(TOKEN, |dir, answer| Fake::on_socket(&dir.join("api"), answer))
    }

    /// One on a port.
    pub fn on_port() -> Result<Self, String> {
        Self::new(TOKEN, |_, answer| Fake::serving(answer))
    }

    /// One that takes another token than the program is given.
    pub fn of_another_token() -> Result<Self, String> {
        Self::new("wrong", |_, answer| Fake::serving(answer))
    }

    fn new(
        token: &str,
        fake: impl FnOnce(PathBuf, Box<dyn Fn(&Asked) -> Reply + Send + Sync>) -> Fake,
    ) -> Result<Self, String> {
        let dir = tempfile::tempdir().map_err(|error| format!("a folder: {error}"))?;
        let (told, root) = (Arc::<Mutex<Told>>::default(), dir.path().join("work"));
        fs::create_dir(&root).map_err(|error| format!("a folder: {error}"))?;
        let noted = Arc::clone(&told);
        let answer = move |asked: &Asked| {
            let mut told = noted.lock().unwrap_or_else(PoisonError::into_inner);
            answer(asked, &root, &mut told).unwrap_or_else(|(status, detail)| {
                told.refused.push(format!("{}: {status} {detail}", asked.line()));
                Reply::json(status, &Problem { title: String::new(), status, detail })
            })
        };
        let fake = fake(dir.path().to_owned(), Box::new(answer));
        Ok(Self { dir, token: token.to_owned(), fake, told })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        self.fake.url()
    }

    /// The workspace of the job.
    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// What it was told so far.
    pub fn told(&self) -> Told {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

type Refused = (u16, String);

fn answer(asked: &Asked, root: &Path, told: &mut Told) -> Result<Reply, Refused> {
    if asked.header("authorization") != Some(&format!("Bearer {TOKEN}")) {
        return Err((401, "the token is not that of a running job".into()));
    }
    let path = asked.target.split('?').next().unwrap_or_default();
    let words: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (asked.method.as_str(), words.as_slice()) {
        ("GET", ["v1", "params"]) => Ok(Reply::json(200, &json!({ "WHO": "ann" }))),
        ("GET", ["v1", "jobs"]) => Ok(Reply::json(200, &json!([view("test")]))),
        ("GET", ["v1", "jobs", "test"]) => Ok(Reply::json(200, &view("test"))),
        ("GET", ["v1", "jobs", id]) => Err((404, format!("the build has no job `{id}`"))),
        ("POST", ["v1", "artifacts", id, "save"]) => {
            let place: Place = body(asked)?;
            let saved = fs::read_to_string(root.join(&place.path));
            let content = saved.map_err(|_| (404, format!("there is nothing at `{}`", place.path)))?;
            let size = content.len() as u64;
            told.saved.push(((*id).to_owned(), content));
            let file = SavedFile { id: (*id).to_owned(), path: place.path, size, digest: "00".into() };
            Ok(Reply::json(200, &file))
        }
        ("POST", ["v1", "artifacts", "words", "restore"]) => {
            let place: Place = body(asked)?;
            let written = fs::write(root.join(&place.path), "one two");
            written.map(|()| Reply::status(204)).map_err(|error| (422, error.to_string()))
        }
        ("POST", ["v1", "artifacts", id, "restore"]) => Err((404, format!("artifact `{id}` is not there"))),
        ("POST", ["v1", "result"]) => {
            told.fields.push(body(asked)?);
            Ok(Reply::status(204))
        }
        _ => Err((404, format!("the API of a build has no `{path}`"))),
    }
}

fn view(id: &str) -> JobView {
    let job = Job::new(id.parse().unwrap_or_else(|error| panic!("{error}")));
    let result = Some(JobResult { exit: Some(3), ..JobResult::default() });
    JobView { job, status: JobStatus::Failure, attempt: 1, result, addresses: Vec::new() }
}

fn body<T: serde::de::DeserializeOwned>(asked: &Asked) -> Result<T, Refused> {
    serde_json::from_slice(&asked.body).map_err(|error| (400, format!("the body: {error}")))
}
