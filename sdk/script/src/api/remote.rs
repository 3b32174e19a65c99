use std::collections::BTreeMap;
use std::env;

use monkeyci_model::job::{Artifact, Cache};
use monkeyci_model::result::SavedFile;
use monkeyci_model::script::Answer;
use monkeyci_model::script::api::{JobView, Place, Problem, Restored, TOKEN, URL};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::socket::{Reply, Socket};
use super::{Api, ApiError};
use crate::http::encoded;

/// The worker that runs the job.
pub(crate) struct Remote {
    reached: Result<(Socket, String), String>,
}

impl Remote {
    /// The one that the variables name. That they do not is only told once somebody asks.
    pub(crate) fn from_env() -> Self {
        let variable = |name| env::var(name).map_err(|_| format!("`{name}` is not set: only a build has an API"));
        let reached = variable(URL).and_then(|url| Ok((Socket::parse(&url)?, variable(TOKEN)?)));
        Self { reached }
    }

    /// Asks; 404 is nothing.
    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Result<Option<Reply>, ApiError> {
        let what = format!("the build's API, `{method} {path}`");
        let (socket, token) = self.reached.as_ref().map_err(|why| ApiError::new(&what, why))?;
        let reply = socket.ask(method, path, token, body).map_err(|error| ApiError::new(&what, error))?;
        match reply.status {
            200..=299 => Ok(Some(reply)),
            404 => Ok(None),
            status => {
                let problem = serde_json::from_slice::<Problem>(&reply.body);
                let why = problem.map_or_else(|_| format!("it answered with {status}"), |problem| problem.detail);
                Err(ApiError { what, why, status: Some(status) })
            }
        }
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ApiError> {
        self.ask("GET", path, b"")?.map(|reply| read(path, &reply)).transpose()
    }

    fn post(&self, path: &str, body: &impl Serialize) -> Result<Option<Reply>, ApiError> {
        let body = serde_json::to_vec(body).map_err(|error| ApiError::new(path, error))?;
        self.ask("POST", path, &body)
    }
}

impl Api for Remote {
    fn params(&self) -> Result<BTreeMap<String, String>, ApiError> {
        Ok(self.get("/v1/params")?.unwrap_or_default())
    }

    fn jobs(&self) -> Result<Vec<JobView>, ApiError> {
        Ok(self.get("/v1/jobs")?.unwrap_or_default())
    }

    fn job(&self, id: &str) -> Result<Option<JobView>, ApiError> {
        self.get(&format!("/v1/jobs/{}", encoded(id)))
    }

    fn log(&self, id: &str) -> Result<Option<Vec<u8>>, ApiError> {
        let mut log = Vec::new();
        loop {
            let path = format!("/v1/jobs/{}/log?offset={}", encoded(id), log.len());
            let Some(reply) = self.ask("GET", &path, b"")? else { return Ok(None) };
            if reply.body.is_empty() {
                return Ok(Some(log));
            }
            log.extend_from_slice(&reply.body);
        }
    }

    fn save(&self, artifact: &Artifact) -> Result<Option<SavedFile>, ApiError> {
        let path = format!("/v1/artifacts/{}/save", encoded(&artifact.id));
        let place = Place { path: artifact.path.clone(), ..Place::default() };
        self.post(&path, &place)?.map(|reply| read(&path, &reply)).transpose()
    }

    fn restore(&self, artifact: &Artifact) -> Result<bool, ApiError> {
        let place = Place { path: artifact.path.clone(), ..Place::default() };
        Ok(self.post(&format!("/v1/artifacts/{}/restore", encoded(&artifact.id)), &place)?.is_some())
    }

    fn save_cache(&self, cache: &Cache) -> Result<(), ApiError> {
        let path = format!("/v1/caches/{}/save", encoded(&cache.id));
        let there = self.post(&path, &of_cache(cache))?.is_some();
        let nothing =
            || ApiError::new(format!("cache `{}`", cache.id), format!("there is nothing at `{}`", cache.path));
        if there { Ok(()) } else { Err(nothing()) }
    }

    fn restore_cache(&self, cache: &Cache) -> Result<Restored, ApiError> {
        let path = format!("/v1/caches/{}/restore", encoded(&cache.id));
        let reply = self.post(&path, &of_cache(cache))?;
        reply.map_or(Ok(Restored { found: false, exact: false }), |reply| read(&path, &reply))
    }

    fn tell(&self, fields: &Answer) -> Result<(), ApiError> {
        self.post("/v1/result", fields).map(drop)
    }
}

fn of_cache(cache: &Cache) -> Place {
    Place { path: cache.path.clone(), key: cache.key.clone(), fallbacks: cache.fallbacks.clone() }
}

fn read<T: DeserializeOwned>(path: &str, reply: &Reply) -> Result<T, ApiError> {
    serde_json::from_slice(&reply.body).map_err(|error| ApiError::new(format!("the answer to `{path}`"), error))
}
