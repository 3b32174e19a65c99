//! GitHub's API of releases and contents (docs.github.com/rest, version 2022-11-28).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use monkeyci_sdk::http::{self, HttpError, Request, encoded};
use serde_json::{Value, json};

use crate::Repository;
use crate::fault::Fault;
use crate::release::{Released, Wanted};

/// Tries beyond the first for what may be sent twice.
const RETRIES: u32 = 3;

/// How long an upload may take.
const UPLOAD: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// Assets that one page lists.
const PAGE: usize = 100;

pub(crate) struct GitHub<'a> {
    /// The URL of the repository.
    url: String,
    token: &'a str,
}

/// A text file of a repository.
pub(crate) struct Content {
    pub(crate) text: String,
    /// By which GitHub knows that nobody has changed it since.
    sha: String,
}

impl<'a> GitHub<'a> {
    pub(crate) fn new(repository: &Repository, token: &'a str) -> Self {
        let path: Vec<_> = repository.path.split('/').map(encoded).collect();
        Self { url: format!("{}/repos/{}", repository.base, path.join("/")), token }
    }

    fn asking(&self, request: Request) -> Request {
        let accept = "application/vnd.github+json";
        request.header("Accept", accept).header("X-GitHub-Api-Version", "2022-11-28").bearer(self.token)
    }

    fn get(&self, url: &str) -> Result<Value, HttpError> {
        self.asking(http::get(url)).retries(RETRIES).send()?.json()
    }

    /// Makes a release, or brings the one that is there to what is wanted.
    pub(crate) fn release(&self, wanted: &Wanted, say: &dyn Fn(&str)) -> Result<Released, Fault> {
        let (url, tag) = (&self.url, &wanted.tag);
        let by_tag = format!("{url}/releases/tags/{}", encoded(tag));
        let body = json!({
            "tag_name": tag,
            "name": wanted.title,
            "body": wanted.notes,
            "prerelease": wanted.prerelease,
            "draft": false,
        });
        let made = match self.get(&by_tag) {
            Err(error) if error.status() == Some(404) => {
                match self.asking(http::post(format!("{url}/releases"))).json(&body).send() {
                    Ok(made) => Ok(made.json()?),
                    // Somebody was faster, or an answer was lost.
                    Err(error) if error.status() == Some(422) && says(&error, "already_exists") => {
                        Err(self.get(&by_tag)?)
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            there => Err(there?),
        };
        let (release, is_new) = match made {
            Ok(made) => (made, true),
            Err(there) => {
                let its = format!("{url}/releases/{}", number(&there, "id")?);
                (self.asking(http::patch(its)).json(&body).retries(RETRIES).send()?.json()?, false)
            }
        };
        self.upload(&release, is_new, wanted, say)?;
        Ok(Released { is_new, page: text(&release, "html_url")?.to_owned() })
    }

    fn upload(&self, release: &Value, is_new: bool, wanted: &Wanted, say: &dyn Fn(&str)) -> Result<(), Fault> {
        let there = if is_new || wanted.assets.is_empty() { Vec::new() } else { self.assets(release)? };
        // A template: `https://uploads.github.com/…/assets{?name,label}`.
        let to = text(release, "upload_url")?.split('{').next().unwrap_or_default();
        for asset in &wanted.assets {
            let names = [asset.name.clone(), kept_name(&asset.name)];
            for old in there.iter().filter(|old| names.iter().any(|name| old["name"] == name.as_str())) {
                let its = format!("{}/releases/assets/{}", self.url, number(old, "id")?);
                self.asking(http::delete(its)).send()?;
            }
            let request = self.asking(http::post(to)).query("name", &asset.name).timeout(UPLOAD);
            request.header("Content-Type", "application/octet-stream").upload_file(&asset.path).send()?;
            say(&format!("uploaded {}", asset.name));
        }
        Ok(())
    }

    fn assets(&self, release: &Value) -> Result<Vec<Value>, Fault> {
        let url = format!("{}/releases/{}/assets", self.url, number(release, "id")?);
        let mut assets = Vec::new();
        for page in 1.. {
            let found = self.get(&format!("{url}?per_page={PAGE}&page={page}"))?;
            let found = found.as_array().cloned().unwrap_or_default();
            let is_last = found.len() < PAGE;
            assets.extend(found);
            if is_last {
                break;
            }
        }
        Ok(assets)
    }

    /// A file of a branch.
    pub(crate) fn content(&self, path: &str, branch: &str) -> Result<Content, Fault> {
        let file = self.get(&format!("{}?ref={}", self.contents(path), encoded(branch)))?;
        if file["encoding"] != "base64" {
            return Err(Fault::Said(format!("`{path}` is no file of less than 1 MB, which alone can be changed")));
        }
        let lines: String = text(&file, "content")?.split_whitespace().collect();
        let bytes = STANDARD.decode(lines).map_err(|error| Fault::Said(format!("`{path}`: {error}")))?;
        let content = String::from_utf8(bytes).map_err(|_| Fault::Said(format!("`{path}` is no text in UTF-8")))?;
        Ok(Content { text: content, sha: text(&file, "sha")?.to_owned() })
    }

    /// Commits a new text in the place of the one that was read.
    pub(crate) fn commit(
        &self,
        (path, branch): (&str, &str),
        message: &str,
        old: &Content,
        new: &str,
    ) -> Result<String, HttpError> {
        let body = json!({ "message": message, "branch": branch, "sha": old.sha, "content": STANDARD.encode(new) });
        let answer: Value = self.asking(http::put(self.contents(path))).json(&body).send()?.json()?;
        Ok(answer["commit"]["sha"].as_str().unwrap_or_default().to_owned())
    }

    fn contents(&self, path: &str) -> String {
        let parts: Vec<_> = path.split('/').map(encoded).collect();
        format!("{}/contents/{}", self.url, parts.join("/"))
    }
}

/// The name that an asset gets: GitHub writes a dot for what it does not want in one.
fn kept_name(name: &str) -> String {
    name.replace(|mark: char| !mark.is_ascii_alphanumeric() && !"-_.+@".contains(mark), ".")
}

/// Whether an answer has an error of this code.
fn says(error: &HttpError, code: &str) -> bool {
    let answer: Option<Value> = error.response().and_then(|response| response.json().ok());
    let errors = answer.as_ref().and_then(|answer| answer["errors"].as_array());
    errors.is_some_and(|errors| errors.iter().any(|error| error["code"] == code))
}

fn number(value: &Value, key: &str) -> Result<u64, Fault> {
    value[key].as_u64().ok_or_else(|| Fault::Said(format!("GitHub's answer has no `{key}`")))
}

fn text<'v>(value: &'v Value, key: &str) -> Result<&'v str, Fault> {
    value[key].as_str().ok_or_else(|| Fault::Said(format!("GitHub's answer has no `{key}`")))
}
