//! The jobs of an image.

use monkeyci_plugin_image::{Builder, Image, image};
use monkeyci_sdk::prelude::*;

fn web() -> Image<'static> {
    image("ghcr.io/acme/web").tag("1.2").login_params("user", "password")
}

fn ctx() -> Ctx {
    Ctx::on_tag("1.2").with_archs(&[Arch::Amd, Arch::Arm]).param("user", "ann").param("password", "s3cr'et")
}

fn script(plan: &Plan, id: &str) -> String {
    plan[id].lines().join("\n")
}

#[test]
fn each_architecture_is_built_natively_and_one_tag_stands_for_all() {
    let plan = Plan::from(web().jobs(&ctx()));
    assert_eq!(plan.ids(), ["image-amd", "image-arm", "image-manifest"]);
    assert_eq!(plan["image-manifest"].dependencies(), ["image-amd", "image-arm"]);
    assert_eq!(plan["image-arm"].model().resources.arch, Some(Arch::Arm));
    assert!(script(&plan, "image-arm").contains("--destination ghcr.io/acme/web:1.2-arm64 "));
    assert!(plan["image-manifest"].is_action());
}

#[test]
fn one_architecture_is_the_tag_itself_unless_there_shall_be_a_manifest() {
    let one = Plan::from(web().archs(&[Arch::Arm]).jobs(&ctx()));
    assert_eq!(one.ids(), ["image-arm"]);
    assert!(script(&one, "image-arm").contains("--destination ghcr.io/acme/web:1.2 "));
    let with = Plan::from(web().archs(&[Arch::Arm]).id("web").manifest_id("web-all").jobs(&ctx()));
    assert_eq!(with.ids(), ["web-arm", "web-all"]);
    assert!(script(&with, "web-arm").contains(":1.2-arm64 "));
}

#[test]
fn an_architecture_that_nobody_has_is_a_warning() {
    let plan = Plan::from(web().archs(&[Arch::Arm]).jobs(&Ctx::on_tag("1")));
    assert!(plan.ids().is_empty());
    let warning = "the image `ghcr.io/acme/web` is not built: it is wanted for arm64, and jobs run on amd64";
    assert_eq!(plan.to_model().warnings, [warning]);
}

#[test]
fn a_password_stands_as_it_is_in_a_variable_and_nowhere_else() {
    for builder in [Builder::Kaniko, Builder::Buildah, Builder::BuildahOnWorker] {
        let plan = Plan::from(web().builder(builder).jobs(&ctx()));
        let job = plan["image-amd"].model();
        assert_eq!(job.env["REGISTRY_PASSWORD"].as_plain(), Some("s3cr'et"));
        assert_eq!(serde_json::to_string(job).expect("JSON").matches("s3cr").count(), 1);
    }
    let fork = Plan::from(web().jobs(&Ctx::on_tag("1")));
    assert!(!fork["image-amd"].model().env.contains_key("REGISTRY_PASSWORD"));
    assert!(script(&fork, "image-amd").contains("this build has no param password"));
}

#[test]
fn kaniko_is_told_all_and_keeps_off_what_is_not_its() {
    let image = web().context("gui/").dockerfile("my dir/Dockerfile").target("app").build_arg("V", "it's");
    let plan = Plan::from(image.cache("ghcr.io/acme/cache").insecure().each(|job| job.size(2)).jobs(&Ctx::on_tag("1")));
    let (job, script) = (&plan["image-amd"], script(&plan, "image-amd"));
    for flags in [
        "--context dir://\"$PWD\"/gui ",
        "--dockerfile \"$PWD\"/gui/'my dir/Dockerfile' ",
        "--ignore-path \"$PWD\" --ignore-path /opt/monkeyci ",
        "--target app ",
        "--build-arg \"$BUILD_ARG_0\" ",
        "--cache=true --cache-repo ghcr.io/acme/cache ",
        "--insecure --insecure-pull\n",
    ] {
        assert!(script.replace("\\\n ", "").contains(flags), "{flags} is missing in {script}");
    }
    assert_eq!(job.model().env["BUILD_ARG_0"].as_plain(), Some("V=it's"));
    assert_eq!((job.model().resources.cpus, job.model().privileged), (Some(2.0), false));
    assert_eq!(job.model().save_artifacts, [artifact("image-amd-digest", "image-amd.digest")]);
}

#[test]
fn buildah_needs_privileges_in_a_container_and_no_image_on_a_worker() {
    let of = |builder| Plan::from(web().builder(builder).jobs(&Ctx::on_tag("1")))["image-amd"].model().clone();
    assert!(of(Builder::Buildah).privileged);
    let on_worker = of(Builder::BuildahOnWorker);
    assert_eq!((on_worker.privileged, on_worker.image), (false, None));
    let own = Plan::from(web().builder_image("registry.example.com/kaniko:1").jobs(&Ctx::on_tag("1")));
    assert_eq!(own["image-amd"].model().image.as_deref(), Some("registry.example.com/kaniko:1"));
}
