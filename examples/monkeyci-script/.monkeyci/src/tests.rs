//! What this script plans, and what its actions do.

use monkeyci_sdk::http::{Fake, Reply};
use monkeyci_sdk::prelude::*;
use serde_json::json;

use crate::part::Part;
use crate::{announce, clojars, plan, upload, version};

fn main_branch(changed: &[&str]) -> Ctx {
    Ctx::on_branch("main").changing(changed).with_build("acme/monkeyci/build-1")
}

fn release() -> Ctx {
    Ctx::on_tag("1.2.3").with_build("acme/monkeyci/build-1")
}

const SERVER: [&str; 7] = [
    "test-app",
    "publish-app",
    "app-uberjar",
    "upload-uberjar",
    "publish-app-img-amd",
    "app-img-manifest",
    "scw-images",
];

/// All that a change of everything does on the main branch.
const ALL: [&str; 22] = [
    "test-common",
    "test-core",
    "test-app",
    "test-test-lib",
    "test-script",
    "test-cli",
    "test-gui",
    "publish-common",
    "publish-app",
    "publish-test-lib",
    "publish-core",
    "publish-script",
    "app-uberjar",
    "upload-uberjar",
    "release-gui",
    "publish-app-img-amd",
    "app-img-manifest",
    "publish-gui-img-amd",
    "gui-img-manifest",
    "cli-uberjar",
    "cli-native-img",
    "scw-images",
];

#[test]
fn ten_contexts() {
    let no = &[][..];
    let feature = Ctx::on_branch("feature").changing(&["core/src/a.clj", "gui/deps.edn"]);
    let by_hand = || main_branch(&["README.md"]).caused_by(Source::Api);
    let on_laptop = Ctx::on_branch("feature").changing(&["core/src/a.clj"]).caused_by(Source::Cli);
    let contexts: [(&str, Ctx, &[&str]); 10] = [
        ("the app changed on main", main_branch(&["app/deps.edn"]), &SERVER),
        ("only documentation changed on main", main_branch(&["docs/a.md", "README.md"]), no),
        (
            "the page changed on main",
            main_branch(&["gui/deps.edn"]),
            &["test-gui", "release-gui", "publish-gui-img-amd", "gui-img-manifest", "scw-images"],
        ),
        (
            "the script library and its test library changed on main",
            main_branch(&["script/deps.edn", "test-lib/deps.edn"]),
            &["test-test-lib", "test-script", "publish-test-lib", "publish-script"],
        ),
        ("the CLI changed on main", main_branch(&["cli/deps.edn"]), &["test-cli", "cli-uberjar", "cli-native-img"]),
        ("two parts changed on a feature branch", feature, &["test-core", "test-gui"]),
        ("a build by hand of main", by_hand(), &ALL),
        ("a build on a laptop", on_laptop, &["test-core"]),
        ("a tag that is no version", Ctx::on_tag("nightly").changing(&["app/deps.edn"]), &["test-app"]),
        ("a part that is only named like another", main_branch(&["application/a", "xapp/a"]), no),
    ];
    for (name, ctx, ids) in contexts {
        assert_eq!(plan(&ctx).ids(), ids, "{name}");
    }
    let mut released = plan(&release()).ids().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let more = ["upload-install-script", "github-release", "pushover"];
    released.retain(|id| !more.contains(&id.as_str()));
    assert_eq!(released, ALL, "a release does all, and more");
    assert_eq!(plan(&release()).ids().len(), ALL.len() + more.len());
}

#[test]
fn jobs_wait_for_what_is_there() {
    let after = |ctx: &Ctx, id: &str| plan(ctx)[id].dependencies().join(" ");
    let app = main_branch(&["app/deps.edn"]);
    assert_eq!(after(&app, "test-app"), "");
    assert_eq!(after(&app, "publish-app"), "test-app");
    assert_eq!(after(&app, "scw-images"), "app-img-manifest");
    let both = main_branch(&["app/deps.edn", "common/deps.edn"]);
    assert_eq!(after(&both, "test-app"), "test-common");
    assert_eq!(after(&both, "publish-app"), "test-app publish-common");
    let script = main_branch(&["script/deps.edn", "test-lib/deps.edn"]);
    assert_eq!(after(&script, "test-test-lib"), "publish-script");
    assert_eq!(after(&script, "publish-script"), "test-script");
    assert_eq!(after(&release(), "publish-script"), "test-script test-core");
    assert_eq!(after(&release(), "upload-install-script"), "upload-uberjar");
    assert_eq!(after(&release(), "pushover"), "app-img-manifest gui-img-manifest");
}

#[test]
fn whatever_happens_every_plan_is_one_that_can_run() {
    let parts = ["app", "cli", "common", "core", "gui", "script", "test-lib"];
    for chosen in 0..1_u32 << parts.len() {
        let files = parts.iter().enumerate().filter(|(number, _)| chosen >> number & 1 == 1);
        let files: Vec<String> = files.map(|(_, part)| format!("{part}/x")).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        for ctx in [main_branch(&files), Ctx::on_branch("feature").changing(&files), release().changing(&files)] {
            assert!(Scenario::of(plan(&ctx)).run().succeeded(), "{files:?}");
        }
    }
}

#[test]
fn only_a_tag_of_numbers_is_a_release() {
    for (tag, is_release) in [("0.1.0", true), ("1.2.3.4", true), ("1.2", false), ("v1.2.3", false), ("1.2.x", false)] {
        assert_eq!(version::release(&Ctx::on_tag(tag)).is_some(), is_release, "{tag}");
    }
    assert_eq!(version::image(&release()), "release-1.2.3");
    assert_eq!(version::image(&main_branch(&[])), "build-1");
    assert_eq!(version::image(&Ctx::on_branch("main")), "latest");
}

#[test]
fn a_release_says_its_version_everywhere() {
    let login = release().param("CLOJARS_USERNAME", "ann").param("CLOJARS_PASSWORD", "secret");
    let (on_tag, on_main) = (plan(&login), plan(&main_branch(&["gui/a", "core/a"])));
    let env = &on_tag["publish-core"].model().env;
    let value = |name: &str| env.get(name).and_then(|value| value.as_plain());
    assert_eq!((value("MONKEYCI_VERSION"), value("CLOJARS_PASSWORD")), (Some("1.2.3"), Some("secret")));
    assert!(on_main["publish-core"].model().env.is_empty());
    let lines = on_tag["release-gui"].lines();
    assert!(lines[1].ends_with(
        "--config-merge '{:compiler-options {:closure-defines {monkey.ci.gui.version/VERSION \"1.2.3\"}}}'"
    ));
    assert!(lines[1].contains("release :frontend :dashboard") && lines[2] == "clojure -X:gen-pages");
    assert_eq!(on_main["release-gui"].lines()[2], "clojure -X:staging:gen-pages");
}

#[test]
fn a_failed_test_publishes_nothing_of_its_part_and_the_rest_goes_on() {
    let run = Scenario::of(plan(&main_branch(&["app/a", "cli/a"]))).failing("test-app").run();
    assert_eq!(run.ran(), ["test-app", "test-cli", "cli-uberjar", "cli-native-img"]);
}

/// Plays one action in a checkout with these files.
fn acted(job: Job, ctx: &Ctx, files: &[(&str, &str)]) -> monkeyci_sdk::scenario::Run {
    let checkout = std::env::temp_dir().join(format!("monkeyci-script-{}-{}", std::process::id(), job.id()));
    for (path, text) in files {
        let path = checkout.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }
    let run = Scenario::of(job).acting(ctx, &checkout).run();
    std::fs::remove_dir_all(&checkout).expect("removed");
    run
}

/// A job of the plan, as if nothing had to run before it.
fn alone(ctx: &Ctx, id: &str) -> Job {
    let mut job = plan(ctx)[id].clone();
    job.model_mut().dependencies.clear();
    job
}

#[test]
fn the_jar_and_the_install_script_go_to_the_bucket() {
    let s3 = Fake::serving(|asked| {
        let auth = asked.header("authorization").unwrap_or_default();
        let well = auth.starts_with("AWS4-HMAC-SHA256 Credential=key/") && auth.contains("/us-east-1/s3/aws4_request");
        Reply::status(if well && asked.header("x-amz-acl") == Some("public-read") { 200 } else { 403 })
    });
    let ctx = [("s3-url", s3.url()), ("s3-bucket", "dist"), ("s3-access-key", "key"), ("s3-secret-key", "hidden")];
    let ctx = ctx.into_iter().fold(release(), |ctx, (name, value)| ctx.param(name, value));
    let jar = ("app/target/monkeyci-standalone.jar", "jar");
    assert!(acted(alone(&ctx, "upload-uberjar"), &ctx, &[jar]).succeeded());
    let script = ("app/dev-resources/install-cli.sh", "VERSION={{version}}\n");
    assert!(acted(alone(&ctx, "upload-install-script"), &ctx, &[script]).succeeded());
    let asked = s3.asked();
    assert_eq!(asked[0].line(), "PUT /dist/monkeyci/release-1.2.3.jar");
    assert_eq!((asked[0].header("x-amz-tagging"), asked[0].text()), (Some("env=prod"), "jar".to_owned()));
    assert_eq!(
        (asked[1].line(), asked[1].text()),
        ("PUT /dist/install-cli.sh".to_owned(), "VERSION=1.2.3\n".to_owned())
    );

    let run = acted(alone(&release(), "upload-uberjar"), &release(), &[jar]);
    let why = run.outcome("upload-uberjar").and_then(Outcome::why);
    assert_eq!(why, Some("this build has no param `s3-url`"));
}

#[test]
fn the_install_script_of_this_checkout_has_a_place_for_the_version() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if root.join("app").exists() {
        assert!(upload::prepared(&root, "0.16.4").expect("there").contains("VERSION=0.16.4"));
    }
}

#[test]
fn what_clojars_has_is_not_published_again() {
    let clojars = Fake::serving(|asked| match asked.line().as_str() {
        "GET /artifacts/com.example/app" => Reply::json(200, &json!({ "latest_version": "1.2.3" })),
        "GET /artifacts/com.example/core" => Reply::json(200, &json!({ "latest_version": "1.2.2" })),
        _ => Reply::status(404),
    });
    let deps = |name: &str| format!("; :lib no/no\n{{:aliases {{:jar {{:exec-args {{:lib com.example/{name}}}}}}}}}");
    for (part, dir, is_there) in
        [(Part::App, "app", true), (Part::Core, "core", false), (Part::Script, "script", false)]
    {
        let url = clojars.url().to_owned();
        let publish = action("publish", |act: &Act| act.say("published"));
        let publish = publish.prepared_by(move |act: &Act, job: Job| {
            let job = clojars::unless_published(act, job, &url, part, "1.2.3")?;
            let lines = job.lines().join("\n");
            Ok::<_, String>(job.env("LINES", lines))
        });
        let look = publish.judged_by(|act: &Act, _: &JobResult| {
            let lines = act.job().model().env["LINES"].as_plain().unwrap_or_default().to_owned();
            Outcome::success().value("lines", lines)
        });
        let run = acted(look, &release(), &[(&format!("{dir}/deps.edn"), &deps(dir))]);
        let lines = run.outcome("publish").expect("it ran").answer().values["lines"].to_string();
        assert_eq!(lines.contains("already published"), is_there, "{dir}: {lines}");
    }
}

#[test]
fn a_release_is_told() {
    let pushover = Fake::serving(|_| Reply::json(200, &json!({ "status": 1 })));
    let url = pushover.url().to_owned();
    let ctx = release().param("pushover-token", "t").param("pushover-user", "u");
    let tell = action("tell", move |act: &Act| announce::send(act, &url, "out & about"));
    assert!(acted(tell, &ctx, &[("a", "")]).succeeded());
    let asked = pushover.asked().remove(0);
    assert_eq!(
        (asked.line().as_str(), asked.text()),
        ("POST /messages.json", "token=t&user=u&message=out%20%26%20about".into())
    );
}
