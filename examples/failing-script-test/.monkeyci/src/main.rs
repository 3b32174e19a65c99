//! A script with a mistake, and a test that finds it before any job runs: it publishes from every branch.

use monkeyci_sdk::prelude::*;

fn plan(_: &Ctx) -> Plan {
    let test = process("test").run("echo the tests pass");
    let publish = process("publish").run("echo published").after(&test);
    Plan::from((test, publish))
}

monkeyci_sdk::main!(plan);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_published() {
        assert_eq!(plan(&Ctx::on_tag("v1.0.0")).ids(), ["test", "publish"]);
    }

    #[test]
    fn a_branch_is_tested_and_not_published() {
        assert_eq!(plan(&Ctx::on_branch("main")).ids(), ["test"]);
    }
}
