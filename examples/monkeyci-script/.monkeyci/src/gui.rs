//! The page, in ClojureScript.

use monkeyci_sdk::model::job::Artifact;
use monkeyci_sdk::prelude::*;

use crate::part::Part;
use crate::version::release as release_version;

const NODE: &str = "docker.io/monkeyci/clojure-node:1.12.3";

/// A job that compiles builds of shadow-cljs.
fn shadow(id: &str, builds: &str) -> Job {
    let job = container(id, NODE).work_dir("gui").run("npm install").run(format!(
        "clojure -Sdeps '{{:mvn/local-repo \".m2\"}}' -M:test -m shadow.cljs.devtools.cli release {builds}"
    ));
    job.cache(&cache("node-modules", "node_modules")).cache(&cache("mvn-gui-repo", ".m2"))
}

/// Its tests. They are run by a line of their own, as the compiler that could run them always ends well.
pub fn test(ctx: &Ctx) -> Option<Job> {
    Part::Gui.is_built(ctx).then(|| {
        let report = artifact("junit-gui", "junit.xml");
        let job = shadow(&Part::Gui.test(), ":test/node").run(format!("node target/js/node.js > {}", report.path));
        job.junit(&report.path).save(&report)
    })
}

/// What the image serves, from its work dir.
pub fn pages() -> Artifact {
    artifact("gui-release", "target")
}

/// Compiles what people see, and pages around it.
pub fn release(ctx: &Ctx) -> Option<Job> {
    Part::Gui.is_published(ctx).then(|| {
        let version = release_version(ctx).map(|version| {
            let define = format!("{{monkey.ci.gui.version/VERSION \"{version}\"}}");
            format!(" --config-merge '{{:compiler-options {{:closure-defines {define}}}}}'")
        });
        let pages_of = if version.is_some() { "" } else { ":staging" };
        let job = shadow("release-gui", &format!(":frontend :dashboard{}", version.unwrap_or_default()));
        let job = job.run(format!("clojure -X{pages_of}:gen-pages")).run("npm run postcss:release");
        job.after(process(&Part::Gui.test())).save(&pages())
    })
}
