//! The build script of this repository: `monkeyci plan` shows its jobs, `monkeyci test` runs its tests.

use monkeyci_sdk::prelude::*;

/// Tests every push, and greets whoever tags a version, once a person agrees.
fn plan(ctx: &Ctx) -> Plan {
    let test = process("test").run("echo \"put the tests here\"");
    let release = ctx.tag().map(|tag| {
        let tag = tag.to_owned();
        action("release", move |act: &Act| act.say(&format!("releasing {tag}"))).after(&test).blocked()
    });
    Plan::from((test, release))
}

monkeyci_sdk::main!(plan);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_tested_and_not_released() {
        assert_eq!(plan(&Ctx::on_branch("main")).ids(), ["test"]);
    }

    #[test]
    fn a_tag_is_released_only_after_its_tests() {
        let plan = plan(&Ctx::on_tag("v1.0.0"));
        assert!(plan["release"].model().blocked);
        let run = Scenario::of(plan).failing("test").run();
        assert_eq!(run.status("release"), JobStatus::Skipped);
    }
}
