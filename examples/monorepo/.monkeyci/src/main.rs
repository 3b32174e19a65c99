//! Tests the crates that a change can break: those that changed, and those that are built on them.

mod crates;

use std::path::Path;

use crates::Crates;
use monkeyci_sdk::prelude::*;

fn plan(ctx: &Ctx) -> Plan {
    match Crates::read(Path::new("crates")) {
        Ok(crates) => jobs(ctx, &crates),
        // Without them there is nothing to be planned; what is said here is in the log.
        Err(error) => panic!("{error}"),
    }
}

fn jobs(ctx: &Ctx, crates: &Crates) -> Plan {
    let affects_all = ctx.touched(["Cargo.toml", "Cargo.lock", ".monkeyci/"]);
    let changed = crates.names().filter(|name| affects_all || ctx.touched(format!("crates/{name}/")));
    let tests: Vec<Job> = crates.built_on(changed).into_iter().map(test).collect();
    // Only a version that everybody may use is published: a crate of the repository knows which is one.
    let publish = ctx
        .tag()
        .filter(|tag| versions::released(tag).is_some())
        .map(|tag| process("publish").run(format!("echo would publish {tag}")).after(&tests).blocked());
    Plan::from((tests, publish))
}

fn test(name: &str) -> Job {
    process(name).run(format!("cargo test --package {name}"))
}

monkeyci_sdk::main!(plan);

#[cfg(test)]
mod tests {
    use super::*;

    fn crates() -> Crates {
        let on_text = "[dependencies]\ntext = { path = \"../text\" }\n";
        Crates::of([("fold", on_text), ("shout", on_text), ("text", ""), ("versions", "")])
    }

    fn planned(ctx: Ctx) -> Vec<String> {
        jobs(&ctx, &crates()).ids().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn only_what_a_change_can_break_is_tested() {
        let changing = |path: &str| planned(Ctx::on_branch("main").changing(&[path]));
        assert_eq!(changing("crates/shout/src/lib.rs"), ["shout"]);
        assert_eq!(changing("crates/text/src/lib.rs"), ["fold", "shout", "text"]);
        assert_eq!(changing("Cargo.lock"), ["fold", "shout", "text", "versions"]);
        assert!(changing("README.md").is_empty());
        assert_eq!(planned(Ctx::on_branch("main")).len(), 4, "nobody knows what changed");
    }

    #[test]
    fn only_a_release_is_published_and_only_when_all_is_well() {
        let tag = |tag: &str| jobs(&Ctx::on_tag(tag), &crates());
        assert!(tag("v1.2.3-rc1").job("publish").is_none());
        let run = Scenario::of(tag("v1.2.3")).failing("fold").approving("publish").run();
        assert_eq!(run.skipped(), ["publish"]);
    }
}
