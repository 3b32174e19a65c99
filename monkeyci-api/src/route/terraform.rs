//! The server as a provider registry and as a network mirror of Terraform, in the words of their protocols.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Routes;
use super::supply::sent;
use crate::extract::At;
use crate::json::Json;
use crate::problem::{Answer, Refusal};
use crate::state::State;
use crate::terraform::{Package, sums};

/// Versions of the plugin protocol that the provider speaks.
const PROTOCOLS: [&str; 1] = ["6.0"];

const REGISTRY: &str = "/v1/terraform/providers/";
const SUMS: &str = "SHA256SUMS";
const SIGNATURE: &str = "SHA256SUMS.sig";

/// A version for a platform.
#[derive(Deserialize)]
struct Platform {
    version: String,
    os: String,
    arch: String,
}

/// A file of a version.
#[derive(Deserialize)]
struct OfVersion {
    version: String,
    file: String,
}

/// A file of the mirror. Whichever registry it stands in for, the provider is the same.
#[derive(Deserialize)]
struct Mirrored {
    file: String,
}

/// Beside the API: Terraform calls it, and its protocols are not ours to describe. Everybody may, as with the page.
pub(super) fn routes(routes: Routes) -> Routes {
    let provider = format!("{REGISTRY}monkeyci/monkeyci");
    let router: Router<State> = Router::new()
        .route("/.well-known/terraform.json", get(discover))
        .route(&format!("{provider}/versions"), get(list_versions))
        .route(&format!("{provider}/{{version}}/download/{{os}}/{{arch}}"), get(show_package))
        .route(&format!("{provider}/{{version}}/files/{{file}}"), get(send_file))
        .route("/terraform/mirror/{host}/monkeyci/monkeyci/{file}", get(mirror));
    routes.beside(router)
}

async fn discover() -> Json<Value> {
    Json(json!({ "providers.v1": REGISTRY }))
}

async fn list_versions(Shared(state): Shared<State>) -> Answer<Json<Value>> {
    let mut versions: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for package in all(&state).await? {
        let platform = json!({ "os": package.os, "arch": package.arch });
        versions.entry(package.version.clone()).or_default().push(platform);
    }
    let version = |(version, platforms)| json!({ "version": version, "protocols": PROTOCOLS, "platforms": platforms });
    Ok(Json(json!({ "versions": versions.into_iter().map(version).collect::<Vec<_>>() })))
}

async fn show_package(Shared(state): Shared<State>, At(wanted): At<Platform>) -> Answer<Json<Value>> {
    let packages = of_version(&state, &wanted.version).await?;
    let package = packages.iter().find(|package| package.os == wanted.os && package.arch == wanted.arch);
    let package = package.ok_or_else(|| Refusal::not_found("platform of this version of the provider"))?;
    let signer = state.packages.signer();
    // Addresses are from this one, whichever name the server is reached by.
    let file = |name: &str| format!("{REGISTRY}monkeyci/monkeyci/{}/files/{name}", package.version);
    Ok(Json(json!({
        "protocols": PROTOCOLS,
        "os": package.os,
        "arch": package.arch,
        "filename": package.name(),
        "download_url": file(&package.name()),
        "shasum": package.sum,
        "shasums_url": file(SUMS),
        "shasums_signature_url": file(SIGNATURE),
        "signing_keys": { "gpg_public_keys": [{ "key_id": signer.id(), "ascii_armor": signer.public_key() }] },
    })))
}

async fn send_file(Shared(state): Shared<State>, At(wanted): At<OfVersion>) -> Answer<Response> {
    let packages = of_version(&state, &wanted.version).await?;
    let document = sums(&packages);
    match wanted.file.as_str() {
        SUMS => Ok(document.into_response()),
        SIGNATURE => {
            let signature = state.packages.signer().sign(document.as_bytes());
            Ok(([(header::CONTENT_TYPE, "application/octet-stream")], signature).into_response())
        }
        name => send(&packages, name).await,
    }
}

async fn mirror(Shared(state): Shared<State>, At(wanted): At<Mirrored>) -> Answer<Response> {
    let Some(version) = wanted.file.strip_suffix(".json") else { return send(&all(&state).await?, &wanted.file).await };
    if version == "index" {
        let versions: BTreeMap<_, _> =
            all(&state).await?.iter().map(|package| (package.version.clone(), json!({}))).collect();
        return Ok(Json(json!({ "versions": versions })).into_response());
    }
    let archive = |package: &Arc<Package>| {
        let hashes = [format!("zh:{}", package.sum), package.content.clone()];
        (format!("{}_{}", package.os, package.arch), json!({ "url": package.name(), "hashes": hashes }))
    };
    let archives: BTreeMap<_, _> = of_version(&state, version).await?.iter().map(archive).collect();
    Ok(Json(json!({ "archives": archives })).into_response())
}

/// The file of one of these packages.
async fn send(packages: &[Arc<Package>], name: &str) -> Answer<Response> {
    let package = packages.iter().find(|package| package.name() == name);
    let package = package.ok_or_else(|| Refusal::not_found("package of the provider"))?;
    sent(package.file.clone(), "application/zip").await
}

async fn all(state: &State) -> Answer<Vec<Arc<Package>>> {
    found(state.packages.all().await, "package of the provider")
}

async fn of_version(state: &State, version: &str) -> Answer<Vec<Arc<Package>>> {
    found(state.packages.of_version(version).await, "version of the provider")
}

/// What is there, where there is something.
fn found(packages: std::io::Result<Vec<Arc<Package>>>, what: &str) -> Answer<Vec<Arc<Package>>> {
    match packages {
        Ok(packages) if packages.is_empty() => Err(Refusal::not_found(what)),
        Ok(packages) => Ok(packages),
        Err(error) => {
            tracing::error!(%error, "packages of the Terraform provider cannot be read");
            let detail = "the server's packages of the provider cannot be read; its log says why";
            Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail))
        }
    }
}
