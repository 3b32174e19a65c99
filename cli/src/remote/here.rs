//! The repository at hand: the one on the server that the folder is a checkout of.

use std::path::Path;

use monkeyci_client::Client;
use monkeyci_core::model::trigger::Git;
use monkeyci_core::source::Folder;

use super::RepoName;
use crate::error::CliError;

/// What git knows of the checkout around `folder`, where that was cloned from somewhere.
pub fn origin(folder: &Path) -> Option<Git> {
    // The folder may be one inside of the checkout.
    let root = folder.ancestors().find(|folder| folder.join(".git").exists())?;
    Folder::new(root).facts().0.filter(|git| git.url.is_some())
}

/// The repository on the server that the current folder is a checkout of.
pub async fn repo(client: &Client) -> Result<RepoName, CliError> {
    let folder = std::env::current_dir().map_err(|error| CliError::usage(format!("the current folder: {error}")))?;
    let unnamed =
        |why: &str| CliError::usage(format!("no repository is named, and {why}")).hint("name one, as in `acme/web`");
    let Some(url) = origin(&folder).and_then(|git| git.url) else {
        return Err(unnamed("this folder is no checkout that was cloned from somewhere"));
    };
    let here = place(&url);
    let mut found = Vec::new();
    for org in client.orgs().all().await? {
        let repos = client.org(&org.id).repos().all().await?;
        let same = repos.into_iter().filter(|repo| place(&repo.body.url) == here);
        found.extend(same.map(|repo| RepoName { org: repo.org, repo: repo.id }));
    }
    match &found[..] {
        [repo] => Ok(repo.clone()),
        [] => Err(unnamed(&format!("the server has none that is cloned from `{url}`"))
            .hint("`monkeyci repo add acme/web` adds this one")),
        several => {
            let names: Vec<_> = several.iter().map(|name| format!("`{name}`")).collect();
            Err(unnamed(&format!("the server has several that are cloned from `{url}`: {}", names.join(", "))))
        }
    }
}

/// What two addresses of one repository have in common: its host and its path.
fn place(url: &str) -> (String, String) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = match (url.contains("://"), rest.split_once('/'), rest.split_once(':')) {
        (true, Some((host, path)), _) => (host, path),
        // As ssh has it, `git@example.com:acme/web.git`; a path on this machine has no colon before its first slash.
        (false, _, Some((host, path))) if !host.contains('/') => (host, path),
        _ => ("", rest),
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let path = path.trim_matches('/');
    (host.to_ascii_lowercase(), path.strip_suffix(".git").unwrap_or(path).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repository_is_the_same_by_all_its_addresses() {
        let same = [
            "https://example.com/acme/web.git",
            "https://ann@Example.com/acme/web",
            "ssh://git@example.com:22/acme/web.git",
            "git@example.com:acme/web.git",
            "https://example.com/acme/web/",
        ];
        for url in same {
            assert_eq!(place(url), ("example.com".into(), "acme/web".into()), "{url}");
        }
        for other in ["https://example.org/acme/web", "https://example.com/acme/Web", "/acme/web", "acme/web"] {
            assert_ne!(place(other), place(same[0]), "{other}");
        }
        assert_eq!(place("file:///srv/web.git"), place("/srv/web"));
    }
}
