//! GitLab's API of releases, links and generic packages (docs.gitlab.com/api).

use std::time::Duration;

use monkeyci_sdk::http::{self, HttpError, Request, encoded};
use serde_json::{Value, json};

use crate::Repository;
use crate::asset::Asset;
use crate::fault::Fault;
use crate::release::{Released, Wanted};

/// Tries beyond the first for what may be sent twice.
const RETRIES: u32 = 3;

/// How long an upload may take.
const UPLOAD: Duration = Duration::from_secs(15 * 60);

/// The package of a project in which the files of its releases lie, a version for each tag.
const PACKAGE: &str = "release";

pub(crate) struct GitLab<'a> {
    /// The URL of the project.
    url: String,
    token: &'a str,
}

impl<'a> GitLab<'a> {
    pub(crate) fn new(repository: &Repository, token: &'a str) -> Self {
        Self { url: format!("{}/projects/{}", repository.base, encoded(&repository.path)), token }
    }

    fn asking(&self, request: Request) -> Request {
        request.header("PRIVATE-TOKEN", self.token)
    }

    /// Makes a release, or brings the one that is there to what is wanted.
    pub(crate) fn release(&self, wanted: &Wanted, say: &dyn Fn(&str)) -> Result<Released, Fault> {
        let all = format!("{}/releases", self.url);
        let its = format!("{all}/{}", encoded(&wanted.tag));
        let said = json!({ "name": wanted.title, "description": wanted.notes });
        let change = || self.asking(http::put(&its)).json(&said).retries(RETRIES).send();
        let (release, is_new) = match change() {
            Err(error) if is_missing(&error) => {
                let mut body = said.clone();
                body["tag_name"] = wanted.tag.clone().into();
                match self.asking(http::post(all)).json(&body).send() {
                    // Somebody was faster, or an answer was lost.
                    Err(error) if error.status() == Some(409) => (change()?, false),
                    made => (made?, true),
                }
            }
            changed => (changed?, false),
        };
        let release: Value = release.json()?;
        let links = format!("{its}/assets/links");
        let there = if is_new || wanted.assets.is_empty() { Value::Null } else { self.links(&links)? };
        for asset in &wanted.assets {
            let url = self.upload(&wanted.tag, asset)?;
            let old = there.as_array().into_iter().flatten().find(|link| link["name"] == asset.name.as_str());
            let body = json!({ "name": asset.name, "url": url, "link_type": "package" });
            let request = match old.and_then(|link| link["id"].as_u64()) {
                Some(id) => http::put(format!("{links}/{id}")),
                None => http::post(&links),
            };
            self.asking(request).json(&body).send()?;
            say(&format!("uploaded {}", asset.name));
        }
        Ok(Released { is_new, page: release["_links"]["self"].as_str().unwrap_or(&its).to_owned() })
    }

    fn links(&self, url: &str) -> Result<Value, HttpError> {
        self.asking(http::get(url)).query("per_page", "100").retries(RETRIES).send()?.json()
    }

    fn upload(&self, tag: &str, asset: &Asset) -> Result<String, HttpError> {
        let (tag, name) = (encoded(tag), encoded(&asset.name));
        let url = format!("{}/packages/generic/{PACKAGE}/{tag}/{name}", self.url);
        self.asking(http::put(&url)).upload_file(&asset.path).timeout(UPLOAD).retries(RETRIES).send()?;
        Ok(url)
    }
}

/// GitLab also says of a release that is not there that it may not be seen.
fn is_missing(error: &HttpError) -> bool {
    matches!(error.status(), Some(403 | 404))
}
