//! The tag for all architectures, pushed to a registry that refuses what real ones refuse.

use std::sync::{Arc, OnceLock};

use monkeyci_plugin_image::image;
use monkeyci_sdk::http::{Asked, Fake, Reply};
use monkeyci_sdk::prelude::*;
use serde_json::json;

const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

/// A registry with `web:1-amd64` and `web:1-arm64`, of these kinds, which wants a token of its own server for them.
fn registry(amd: &'static str, arm: &'static str) -> Fake {
    let own = Arc::new(OnceLock::<String>::new());
    let url = Arc::clone(&own);
    let fake = Fake::serving(move |asked| answer(asked, url.get().expect("it is served"), [amd, arm]));
    own.set(fake.url().to_owned()).expect("once");
    fake
}

fn answer(asked: &Asked, url: &str, kinds: [&str; 2]) -> Reply {
    let token = "/token?service=registry&scope=repository%3Aacme%2Fweb%3Apull%2Cpush";
    if asked.target == token {
        // ann:pw
        let known = asked.header("authorization") == Some("Basic YW5uOnB3");
        return if known { Reply::json(200, &json!({ "token": "t0ken" })) } else { Reply::status(401) };
    }
    if asked.header("authorization") != Some("Bearer t0ken") {
        let scope = "repository:acme/web:pull,push";
        let challenge = format!("Bearer realm=\"{url}/token\",service=\"registry\",scope=\"{scope}\"");
        return Reply::status(401).header("WWW-Authenticate", &challenge);
    }
    let accepts = |kind: &str| asked.header("accept").is_some_and(|accept| accept.contains(kind));
    let part = |kind: &str, arch: &str| match accepts(kind) {
        true => Reply::status(200)
            .header("Content-Type", kind)
            .header("Docker-Content-Digest", &format!("sha256:{arch}"))
            .body("{manifest}"),
        false => Reply::status(404),
    };
    match asked.line().as_str() {
        "GET /v2/acme/web/manifests/1-amd64" => part(kinds[0], "amd"),
        "GET /v2/acme/web/manifests/1-arm64" => part(kinds[1], "arm"),
        "PUT /v2/acme/web/manifests/1" => {
            let index = asked.json();
            let well = index["schemaVersion"] == 2 && index["mediaType"] == asked.header("content-type").unwrap_or("");
            Reply::status(if well { 201 } else { 400 }).header("Docker-Content-Digest", "sha256:all")
        }
        _ => Reply::status(404),
    }
}

/// Plays the build of an image in that registry.
fn pushed(registry: &Fake, password: &str) -> monkeyci_sdk::scenario::Run {
    let ctx = Ctx::on_tag("1").with_archs(&[Arch::Amd, Arch::Arm]).param("user", "ann").param("password", password);
    let name = format!("{}/acme/web", registry.url().trim_start_matches("http://"));
    let image = image(&name).tag("1").insecure().login_params("user", "password");
    let checkout = tempfile::tempdir().expect("a folder");
    Scenario::of(image.jobs(&ctx)).acting(&ctx, checkout.path()).run()
}

#[test]
fn the_tag_names_what_was_pushed_for_each_architecture() {
    for (arm, kind) in [
        (DOCKER, "application/vnd.docker.distribution.manifest.list.v2+json"),
        (OCI, "application/vnd.oci.image.index.v1+json"),
    ] {
        let registry = registry(DOCKER, arm);
        let run = pushed(&registry, "pw");
        assert!(run.succeeded(), "{run:?}");
        let answer = run.outcome("image-manifest").expect("it ran").answer();
        assert_eq!(answer.values["digest"], "sha256:all");
        let put = registry.asked().into_iter().rfind(|asked| asked.method == "PUT").expect("it was put");
        let index = json!({ "schemaVersion": 2, "mediaType": kind, "manifests": [
            { "mediaType": DOCKER, "size": 10, "digest": "sha256:amd",
              "platform": { "os": "linux", "architecture": "amd64" } },
            { "mediaType": arm, "size": 10, "digest": "sha256:arm",
              "platform": { "os": "linux", "architecture": "arm64" } },
        ]});
        assert_eq!(put.json(), index);
    }
}

#[test]
fn a_wrong_password_fails_the_job_and_is_not_shown() {
    let registry = registry(OCI, OCI);
    let run = pushed(&registry, "wr0ng");
    let message = run.outcome("image-manifest").and_then(Outcome::why).expect("a reason").to_owned();
    assert!(message.ends_with("/token answered 401") && !message.contains("wr0ng"), "{message}");
}
