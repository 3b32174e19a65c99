//! `repo_url_parse`.

use tfplugin::{Computed, Function, FunctionError, Object};

/// The parts of a repository's address, whichever way it is written: `https://host/owner/name.git`, `ssh://git@host/owner/name`
/// or `git@host:owner/name.git`.
#[derive(Debug, Object)]
pub struct RepoUrlParse {
    /// An address.
    url: String,
}

/// A repository's address, in parts.
#[derive(Debug, Object)]
pub struct RepoUrl {
    /// The host, with its port where it names one.
    host: Computed<String>,
    /// What is before the name: `acme`, or `acme/shop` in a group of GitLab.
    owner: Computed<String>,
    /// Its name, without `.git`.
    name: Computed<String>,
    /// `acme/web`.
    path: Computed<String>,
    /// It over HTTPS.
    https: Computed<String>,
    /// It over SSH.
    ssh: Computed<String>,
}

impl Function for RepoUrlParse {
    type Output = RepoUrl;
    const NAME: &'static str = "repo_url_parse";

    fn call(self) -> Result<RepoUrl, FunctionError> {
        let wrong = || {
            let detail =
                "an address is written as `https://git.example.com/acme/web.git` or `git@git.example.com:acme/web.git`";
            FunctionError::new(detail).at("url")
        };
        let (host, path) = parts(self.url.trim()).ok_or_else(wrong)?;
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let (owner, name) =
            path.rsplit_once('/').filter(|(owner, name)| !owner.is_empty() && !name.is_empty()).ok_or_else(wrong)?;
        if path.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
            return Err(wrong());
        }
        // Another port serves another protocol.
        let plain = host.split(':').next().unwrap_or_default();
        Ok(RepoUrl {
            https: format!("https://{plain}/{path}.git").into(),
            ssh: format!("ssh://git@{plain}/{path}.git").into(),
            host: host.to_owned().into(),
            owner: owner.to_owned().into(),
            name: name.to_owned().into(),
            path: path.to_owned().into(),
        })
    }
}

/// The host without a user, and the path.
fn parts(url: &str) -> Option<(&str, &str)> {
    let (place, path) = match url.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", rest)) => rest.split_once('/')?,
        Some(_) => return None,
        None => url.split_once(':')?,
    };
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    let is_inside = |letter: char| letter.is_ascii_alphanumeric() || ".-:".contains(letter);
    (!host.is_empty() && host.chars().all(is_inside)).then_some((host, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_writing_means_the_same() {
        for url in [
            "https://git.example.com/acme/web.git",
            "https://ann@git.example.com/acme/web",
            "ssh://git@git.example.com/acme/web.git",
            "git@git.example.com:acme/web.git",
        ] {
            let found = RepoUrlParse { url: url.into() }.call().expect(url);
            assert_eq!(found.https.known().map(String::as_str), Some("https://git.example.com/acme/web.git"), "{url}");
            assert_eq!(found.ssh.known().map(String::as_str), Some("ssh://git@git.example.com/acme/web.git"), "{url}");
        }
        for wrong in
            ["", "acme/web", "https://git.example.com/web", "file:///srv/acme/web", "https:///acme/web", "a b:c/d"]
        {
            assert!(RepoUrlParse { url: wrong.into() }.call().is_err(), "{wrong}");
        }
    }
}
