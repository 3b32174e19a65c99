//! The plugin for images, for real: with a stand-in for Kaniko in a container, and with Buildah as a process.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::image::Busybox;
use crate::program::{Home, Said, has, has_docker, is_on_path};
use crate::registry::{PASSWORD, Registry};

/// It has Kaniko's place, flags and file of passwords, and its habit of removing the shell; it builds nothing.
const EXECUTOR: &str = r#"#!/bin/sh
auth=$(sed 's/.*"auth":"//; s/".*//' "$DOCKER_CONFIG/config.json" | base64 -d)
[ "$auth" = "ann:s3cr3t-w0rd" ] && echo "the password is right"
[ "$(stat -c %a "$DOCKER_CONFIG/config.json")" = 600 ] && echo "and nobody else reads it"
grep -o '"[a-z.]*":{"auth"' "$DOCKER_CONFIG/config.json"
for word in "$@"; do echo "<$word>"; done
for word in "$@"; do
    case $last in
        --dockerfile) cat "$word" ;;
        --digest-file) printf sha256:feed > "$word" ;;
    esac
    last=$word
done
rm /bin/sh
"#;

const MANIFEST: &str = "[package]\nname = \"script\"\nedition = \"2024\"\npublish = false\n[dependencies]\n\
                        monkeyci-sdk = \"0.1\"\nmonkeyci-plugin-image = \"0.1\"\n[workspace]\n";

const SCRIPT: &str = r#"
use monkeyci_plugin_image::{Builder, image};
use monkeyci_sdk::prelude::*;

fn plan(ctx: &Ctx) -> Plan {
    let web = image(ctx.get("image").unwrap_or_default()).tag("1").context("app").build_arg("V", "it's 1");
    let web = web.login_params("user", "password");
    let web = match ctx.get("kaniko") {
        Some(kaniko) => web.builder_image(kaniko).each(|job| job.pull(PullPolicy::Never)),
        None => web.builder(Builder::BuildahOnWorker).insecure().manifest_id("all"),
    };
    let web = web.jobs(ctx);
    let digest = artifact("image-amd-digest", "image-amd.digest");
    let arm = artifact("image-arm-digest", "image-arm.digest");
    let deploy = process("deploy").run("echo \"deploys $(cat image-*.digest)\"").after(&web);
    Plan::from((web, deploy.restore(&digest).restore(&arm)))
}

monkeyci_sdk::main!(plan);
"#;

/// A repository with an image in the folder `app`.
fn repository(home: &Home, dockerfile: &str) -> PathBuf {
    for (path, text) in [
        ("repo/.monkeyci/Cargo.toml", MANIFEST),
        ("repo/.monkeyci/src/main.rs", SCRIPT),
        ("repo/app/Dockerfile", dockerfile),
        ("password", PASSWORD),
    ] {
        let path = home.file(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }
    home.file("repo")
}

/// Builds it, well.
fn build(home: &Home, repository: &Path, params: &[&str]) -> Said {
    let secret = format!("password=@{}", home.file("password").display());
    let mut words = vec!["build", "-p", "user=ann", "--secret", &secret];
    words.extend(params);
    words.push(repository.to_str().expect("a path of letters"));
    let said = home.run(&words);
    assert_eq!(said.code, Some(0), "{}", said.both());
    assert!(!said.both().contains(PASSWORD), "{}", said.both());
    said
}

#[test]
fn an_image_is_built_without_privileges_by_what_looks_like_kaniko() {
    if !has_docker() || !has("cargo", is_on_path("cargo"), "no such program") {
        return;
    }
    let Some(kaniko) = Busybox::with(&[("kaniko/executor", EXECUTOR)]) else { return };
    let home = Home::new();
    let repository = repository(&home, "FROM scratch # this one\n");
    let kaniko = format!("kaniko={}", kaniko.name());
    let said = build(&home, &repository, &["-p", &kaniko, "-p", "image=registry.example.com/acme/web"]);
    for line in [
        "the password is right",
        "and nobody else reads it",
        "\"registry.example.com\":{\"auth\"",
        "<dir:///home/monkeyci/app>",
        "FROM scratch # this one",
        "<registry.example.com/acme/web:1>",
        "<V=it's 1>",
        "pushed registry.example.com/acme/web:1@sha256:feed",
        "deploys sha256:feed",
    ] {
        assert!(said.both().contains(line), "{line} is missing in {}", said.both());
    }
}

#[test]
fn an_image_is_built_by_buildah_and_pushed_with_its_tag() {
    let programs = ["cargo", "buildah", "docker-registry", "busybox"];
    if !programs.iter().all(|program| has(program, is_on_path(program), "no such program")) {
        return;
    }
    let home = Home::new();
    let dockerfile = "FROM scratch\nARG V\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"touch\", \"/made\"]\n\
                      LABEL version=$V\n";
    let repository = repository(&home, dockerfile);
    let mut copied = Command::new("/bin/sh");
    copied.args(["-c", "cp \"$(command -v busybox)\" ."]).current_dir(repository.join("app"));
    assert!(copied.status().expect("a shell runs").success());
    let registry = Registry::serve(&home);
    let said = build(&home, &repository, &["-p", &format!("image={}/acme/web", registry.host)]);
    let manifests = registry.get("/v2/acme/web/manifests/1").expect("the tag is there")["manifests"].clone();
    let part = &manifests[0];
    let digest = part["digest"].as_str().expect("a digest");
    assert_eq!(part["platform"]["architecture"], if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" });
    assert!(said.both().contains(&format!("deploys {digest}")), "{}", said.both());
    let manifest = registry.get(&format!("/v2/acme/web/manifests/{digest}")).expect("the image is there");
    let config = manifest["config"]["digest"].as_str().expect("a digest");
    let config = registry.get(&format!("/v2/acme/web/blobs/{config}")).expect("its settings are there");
    assert_eq!(config["config"]["Labels"]["version"], "it's 1");
}
