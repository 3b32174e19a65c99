//! The tag that stands for an image of several architectures.

use monkeyci_sdk::http::{self, HttpError, Request, Response};
use monkeyci_sdk::job::{Job, action};
use monkeyci_sdk::prelude::{Act, Arch, Outcome};
use serde_json::{Value, json};

use crate::name::Name;

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// Tries beyond the first, as registries are now and then busy.
const RETRIES: u32 = 3;

#[derive(Clone)]
pub(crate) struct Manifest {
    pub(crate) name: Name,
    pub(crate) tag: String,
    /// The images that it stands for, by their architectures and tags.
    pub(crate) parts: Vec<(Arch, String)>,
    /// The params of user and password.
    pub(crate) login: Option<(String, String)>,
    pub(crate) insecure: bool,
}

impl Manifest {
    /// The action that pushes it.
    #[track_caller]
    pub(crate) fn job(self, id: &str) -> Job {
        action(id, move |act: &Act| self.push(act))
    }

    fn push(&self, act: &Act) -> Result<Outcome, HttpError> {
        let of = |param: &str| act.get(param).unwrap_or_default().to_owned();
        let login = self.login.as_ref().map(|(user, password)| (of(user), of(password)));
        let registry = Registry { url: self.name.url(self.insecure), insecure: self.insecure, login };
        let mut manifests = Vec::new();
        for (arch, tag) in &self.parts {
            let part = registry.send(&|| {
                http::get(registry.manifest(tag)).header("Accept", format!("{OCI}, {DOCKER}")).retries(RETRIES)
            })?;
            let kind = part.header("content-type").unwrap_or(OCI).to_owned();
            let digest = part.header("docker-content-digest").unwrap_or_default().to_owned();
            act.say(&format!("{}: {tag} is {digest}", arch.oci_name()));
            manifests.push(json!({
                "mediaType": kind,
                "size": part.body.len(),
                "digest": digest,
                "platform": { "os": "linux", "architecture": arch.oci_name() },
            }));
        }
        // A registry takes parts of both kinds in an index of OCI's; old ones know only their own.
        let all_docker = manifests.iter().all(|part| part["mediaType"] == DOCKER);
        let kind = if all_docker { DOCKER_LIST } else { OCI_INDEX };
        let index = json!({ "schemaVersion": 2, "mediaType": kind, "manifests": manifests });
        let put = || http::put(registry.manifest(&self.tag)).json(&index).header("Content-Type", kind).retries(RETRIES);
        let pushed = registry.send(&put)?;
        let image = format!("{}:{}", self.name, self.tag);
        let digest = pushed.header("docker-content-digest").unwrap_or_default();
        act.say(&format!("pushed {image}@{digest}"));
        Ok(Outcome::success().message(format!("pushed {image}")).value("image", image).value("digest", digest))
    }
}

/// A repository of a registry (OCI distribution specification), and who asks it.
struct Registry {
    url: String,
    insecure: bool,
    login: Option<(String, String)>,
}

impl Registry {
    fn manifest(&self, tag: &str) -> String {
        format!("{}/manifests/{}", self.url, http::encoded(tag))
    }

    /// Sends a request; once more with what the registry asks for, when it asks who it is.
    fn send(&self, request: &dyn Fn() -> Request) -> Result<Response, HttpError> {
        let error = match request().send() {
            Err(error) if error.status() == Some(401) => error,
            answered => return answered,
        };
        let challenge = error.response().and_then(|response| response.header("www-authenticate")).unwrap_or_default();
        if challenge.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic ")) {
            return self.as_user(request()).send();
        }
        match self.token(challenge)? {
            Some(token) => request().bearer(&token).send(),
            None => Err(error),
        }
    }

    fn as_user(&self, request: Request) -> Request {
        match &self.login {
            Some((user, password)) => request.basic(user, password),
            None => request,
        }
    }

    /// A token from the server that the registry names ("Token Authentication Specification" of the registry).
    fn token(&self, challenge: &str) -> Result<Option<String>, HttpError> {
        let Some(realm) = field(challenge, "realm") else { return Ok(None) };
        if !self.insecure && !realm.starts_with("https://") {
            return Ok(None);
        }
        let mut request = self.as_user(http::get(realm)).retries(RETRIES);
        for name in ["service", "scope"] {
            if let Some(value) = field(challenge, name) {
                request = request.query(name, value);
            }
        }
        let answer: Value = request.send()?.json()?;
        Ok(answer["token"].as_str().or(answer["access_token"].as_str()).map(str::to_owned))
    }
}

/// A field of a challenge: `Bearer realm="https://…",service="…"`.
fn field<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let start = challenge.find(&format!("{name}=\""))? + name.len() + 2;
    challenge[start..].split('"').next()
}
