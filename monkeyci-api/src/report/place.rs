//! Where a forge is told, checked before anything is sent there.

use std::net::IpAddr;
use std::str::FromStr as _;

use monkeyci_core::source::is_public;
use monkeyci_core::trigger::Forge;
use monkeyci_rest::Report;
use reqwest::Url;

use crate::config::Sources;

/// Bytes of the longest address or path.
const LONGEST: usize = 1000;

/// Where a forge is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What kind of forge it is.
    pub forge: Forge,
    /// Where its API is, without a slash at the end.
    pub api: String,
}

/// What is wrong with where a forge is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it, for people.
    pub why: String,
}

impl Place {
    /// Where a forge is told, as far as `sources` allows that.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn of(report: &Report, sources: &Sources) -> Result<Self, Wrong> {
        let forge = Forge::from_str(&report.forge);
        let forge = forge.map_err(|error| Wrong { field: "forge", why: error.to_string() })?;
        let api = match (&report.api, standard(forge)) {
            (Some(api), _) => check_api(api, sources),
            (None, Some(api)) => Ok(api.to_owned()),
            (None, None) => Err(format!("say where its API is, as `{}`", example(forge))),
        };
        let api = api.map_err(|why| Wrong { field: "api", why })?;
        check_project(forge, &report.project).map_err(|why| Wrong { field: "project", why: why.into() })?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if report.token.is_empty() || report.token.len() > 100 || !report.token.chars().all(is_name) {
            let why = "the name of the param that holds the token: up to 100 letters, digits and `_.-`".into();
            return Err(Wrong { field: "token", why });
        }
        Ok(Self { forge, api })
    }
}

fn standard(forge: Forge) -> Option<&'static str> {
    match forge {
        Forge::GitHub => Some("https://api.github.com"),
        Forge::GitLab => Some("https://gitlab.com/api/v4"),
        Forge::Bitbucket => Some("https://api.bitbucket.org/2.0"),
        Forge::BitbucketServer | Forge::Gitea | Forge::Forgejo => None,
    }
}

fn example(forge: Forge) -> &'static str {
    match forge {
        Forge::BitbucketServer => "https://git.example.com/rest/api/latest",
        _ => "https://git.example.com/api/v1",
    }
}

/// The address, without a slash at its end. It is not repeated where it is refused: somebody may have written a
/// password into it.
fn check_api(api: &str, sources: &Sources) -> Result<String, String> {
    let url = Url::parse(api).ok().filter(|_| api.len() <= LONGEST).ok_or("no address: `https://…` is expected")?;
    match url.scheme() {
        "https" => {}
        "http" if sources.http => {}
        "http" => return Err("`http` sends the token in clear text, which this server does not allow".into()),
        _ => return Err("its scheme is not `https`".into()),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user or a password: the token is a param".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it has a query or a fragment".into());
    }
    let host = url.host_str().unwrap_or_default();
    // Names are looked at when they are looked up.
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if !sources.private && address.is_ok_and(|address| !is_public(address)) {
        return Err("it is in a private network, or on this machine, which this server does not allow".into());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn check_project(forge: Forge, project: &str) -> Result<(), &'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.~-".contains(c);
    let is_part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(is_plain);
    let parts = project.split('/').count();
    if project.len() > LONGEST || parts < 2 || !project.split('/').all(is_part) {
        return Err("a path at the forge is expected, as `acme/web`");
    }
    if parts > 2 && forge != Forge::GitLab {
        return Err("this forge has no repositories within groups of groups: an owner and a name are expected");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(report: serde_json::Value, sources: &Sources) -> Result<Place, Wrong> {
        Place::of(&serde_json::from_value(report).expect("a report"), sources)
    }

    #[test]
    fn the_public_forges_need_no_address_and_ones_own_need_one() {
        let strict = Sources::default();
        for (forge, api) in [
            ("github", "https://api.github.com"),
            ("gitlab", "https://gitlab.com/api/v4"),
            ("bitbucket", "https://api.bitbucket.org/2.0"),
        ] {
            assert_eq!(of(json!({ "forge": forge, "project": "acme/web" }), &strict).expect("a place").api, api);
        }
        for forge in ["gitea", "forgejo", "bitbucket-server"] {
            let wrong = of(json!({ "forge": forge, "project": "acme/web" }), &strict).expect_err("no address");
            assert_eq!(wrong.field, "api");
            let own = json!({ "forge": forge, "project": "acme/web", "api": "https://git.example.com/api/" });
            assert_eq!(of(own, &strict).expect("a place").api, "https://git.example.com/api");
        }
    }

    #[test]
    fn what_cannot_be_told_there_is_refused_with_its_field() {
        let strict = Sources::default();
        let api = |api: &str| json!({ "forge": "gitea", "project": "acme/web", "api": api });
        for (report, field) in [
            (json!({ "forge": "sourceforge", "project": "acme/web" }), "forge"),
            (api("git.example.com"), "api"),
            (api("file:///etc/passwd"), "api"),
            (api("http://git.example.com"), "api"),
            (api("https://ann:secret@git.example.com"), "api"),
            (api("https://git.example.com/?a=b"), "api"),
            (api("https://127.0.0.1"), "api"),
            (api("https://[::1]:8443/"), "api"),
            (api("https://2130706433/"), "api"),
            (api("https://169.254.169.254/latest"), "api"),
            (json!({ "forge": "github", "project": "web" }), "project"),
            (json!({ "forge": "github", "project": "acme/.." }), "project"),
            (json!({ "forge": "github", "project": "acme/we b" }), "project"),
            (json!({ "forge": "github", "project": "acme/web?x" }), "project"),
            (json!({ "forge": "github", "project": "acme/shop/web" }), "project"),
            (json!({ "forge": "gitlab", "project": "acme//web" }), "project"),
            (json!({ "forge": "github", "project": "acme/web", "token": "" }), "token"),
            (json!({ "forge": "github", "project": "acme/web", "token": "A/B" }), "token"),
        ] {
            let wrong = of(report.clone(), &strict).expect_err("it is wrong");
            assert_eq!(wrong.field, field, "{report}");
            assert!(!wrong.why.contains("secret"), "{wrong:?}");
        }
        assert!(of(json!({ "forge": "gitlab", "project": "acme/shop/web" }), &strict).is_ok());
        let lenient = Sources { http: true, private: true, ..Sources::default() };
        assert!(of(api("http://127.0.0.1:3000/api/v1"), &lenient).is_ok());
    }
}
