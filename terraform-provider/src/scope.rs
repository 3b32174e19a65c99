//! Whose params are meant: of an organisation, a repository, an environment or a param set, by its `id`.

use monkeyci_client::rest::{Param, ParamBody};
use monkeyci_client::{Object, Pages};
use tfplugin::Result;

use crate::address;
use crate::server::Server;

/// The params of the scope that the attribute `scope` names.
///
/// # Errors
/// Says at that how it is written.
pub(crate) fn params(server: &Server, scope: &str) -> Result<Pages<Param>> {
    if let Some([org, set]) = address::names("ORG/param-set/NAME", scope) {
        return Ok(server.org(org).param_set(set).params());
    }
    if let Some([org, repo, environment]) = address::names("ORG/REPO/env/NAME", scope) {
        return Ok(server.org(org).repo(repo).environment(environment).params());
    }
    if let Some([org]) = address::names("ORG", scope) {
        return Ok(server.org(org).params());
    }
    let [org, repo] = address::read("scope", "ORG/REPO", scope)?;
    Ok(server.org(org).repo(repo).params())
}

/// One of them.
///
/// # Errors
/// The same.
pub(crate) fn param(server: &Server, scope: &str, name: &str) -> Result<Object<Param, ParamBody>> {
    if let Some([org, set]) = address::names("ORG/param-set/NAME", scope) {
        return Ok(server.org(org).param_set(set).param(name));
    }
    if let Some([org, repo, environment]) = address::names("ORG/REPO/env/NAME", scope) {
        return Ok(server.org(org).repo(repo).environment(environment).param(name));
    }
    if let Some([org]) = address::names("ORG", scope) {
        return Ok(server.org(org).param(name));
    }
    let [org, repo] = address::read("scope", "ORG/REPO", scope)?;
    Ok(server.org(org).repo(repo).param(name))
}
