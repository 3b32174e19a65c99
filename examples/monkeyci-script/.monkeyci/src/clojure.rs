//! Libraries and programs in Clojure.

use monkeyci_sdk::model::job::Artifact;
use monkeyci_sdk::prelude::*;

use crate::clojars;
use crate::part::Part;
use crate::version::release;

const CLOJURE: &str = "docker.io/clojure:temurin-21-tools-deps-bookworm-slim";
const GRAALVM: &str = "ghcr.io/graalvm/native-image-community:25";

/// Parts whose jars others use.
const PUBLISHED: [Part; 5] = [Part::Common, Part::App, Part::TestLib, Part::Core, Part::Script];

/// A job in a part's folder, with a cache of what it downloads.
fn clojure(id: &str, part: Part, args: &str) -> Job {
    let line = format!("cd {} && clojure -Sdeps '{{:mvn/local-repo \"../m2\"}}' {args}", part.dir());
    container(id, CLOJURE).run(line).cache(&cache(&format!("{id}-mvn-repo"), "m2"))
}

/// The tests of all parts that are built, but the page, which is no Clojure program.
pub fn tests(ctx: &Ctx) -> Vec<Job> {
    let parts = [Part::Common, Part::Core, Part::App, Part::TestLib, Part::Script, Part::Cli];
    parts.into_iter().filter(|part| part.is_built(ctx)).map(|part| test(ctx, part)).collect()
}

fn test(ctx: &Ctx, part: Part) -> Job {
    let (id, dir) = (part.test(), part.dir());
    let args = if part == Part::App { "-M:test:coverage" } else { "-X:test:junit" };
    let report = artifact(&format!("{dir}-junit"), &format!("{dir}/junit.xml"));
    let job = clojure(&id, part, args).junit(&report.path).save(&report);
    match part {
        Part::App => {
            let coverage = artifact("app-coverage", "app/target/coverage");
            job.save(&coverage).after(Part::Common.is_built(ctx).then(|| process(&Part::Common.test())))
        }
        // It is tested with the very script library that this build publishes.
        Part::TestLib => job.after(Part::Script.is_published(ctx).then(|| process(&Part::Script.publish()))),
        _ => job,
    }
}

/// The jobs that publish jars; on release, versions that are there already are left alone.
pub fn publish(ctx: &Ctx) -> Vec<Job> {
    PUBLISHED.into_iter().filter(|part| part.is_published(ctx)).map(|part| publish_part(ctx, part)).collect()
}

fn publish_part(ctx: &Ctx, part: Part) -> Job {
    let job = clojure(&part.publish(), part, "-T:jar:deploy").after(process(&part.test()));
    let job = match part {
        Part::App => {
            let before = [Part::Common, Part::Core].into_iter().filter(|part| part.is_published(ctx));
            job.after(before.map(|part| process(&part.publish())).collect::<Vec<_>>())
        }
        Part::Script => job.after(Part::Core.is_published(ctx).then(|| process(&Part::Core.test()))),
        _ => job,
    };
    let login = ["CLOJARS_USERNAME", "CLOJARS_PASSWORD"].into_iter().filter_map(|name| Some((name, ctx.get(name)?)));
    let job = login.fold(job, |job, (name, value)| job.env(name, value));
    let job = release(ctx).into_iter().fold(job, |job, version| clojars::once(job, part, version));
    with_version(job, ctx)
}

fn with_version(job: Job, ctx: &Ctx) -> Job {
    release(ctx).into_iter().fold(job, |job, version| job.env("MONKEYCI_VERSION", version))
}

/// The jar that holds all of the server.
pub fn app_jar() -> Artifact {
    artifact("uberjar", "app/target/monkeyci-standalone.jar")
}

/// Makes it.
pub fn uberjar(ctx: &Ctx) -> Option<Job> {
    Part::App.is_published(ctx).then(|| {
        let job = clojure("app-uberjar", Part::App, "-X:jar:uber").after(process(&Part::App.test()));
        with_version(job.save(&app_jar()), ctx)
    })
}

/// Makes the jar that holds all of the CLI.
pub fn cli_uberjar(ctx: &Ctx) -> Option<Job> {
    Part::Cli.is_published(ctx).then(|| {
        let jar = artifact("cli-uberjar", "cli/target/monkeyci-cli.jar");
        clojure("cli-uberjar", Part::Cli, "-T:uberjar").after(process(&Part::Cli.test())).save(&jar)
    })
}

/// Makes a native program of that jar.
pub fn cli_native(ctx: &Ctx) -> Option<Job> {
    const JAR: &str = "target/monkeyci-cli.jar";
    Part::Cli.is_published(ctx).then(|| {
        let words = [
            &format!("native-image -cp {JAR} -jar {JAR}"),
            "-J-Dclojure.spec.skip.macros=true",
            "-J-Dclojure.compiler.direct-linking=true",
            "--initialize-at-build-time",
            "--no-fallback",
            "-march=compatibility",
            "monkeyci",
        ];
        // It needs much memory.
        let job = container("cli-native-img", GRAALVM).work_dir("cli").run(words.join(" ")).size(3);
        let job = job.after(process("cli-uberjar")).restore(&artifact("cli-uberjar", "target"));
        job.save(&artifact("native-cli", "monkeyci"))
    })
}
