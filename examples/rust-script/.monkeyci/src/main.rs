//! Checks lists of words, those that changed, and counts what the checks found.

mod words;

use monkeyci_sdk::prelude::*;
use words::{counted, sum};

/// The lists of words; a job for each is a loop.
const LISTS: [&str; 2] = ["apes", "fruits"];

fn plan(ctx: &Ctx) -> Plan {
    let changed = LISTS.into_iter().filter(|list| ctx.touched(format!("words/{list}.txt")));
    let checks: Vec<Job> = changed.map(check).collect();
    let total = action("total", |act: &Act| sum(act.dir())).after(&checks);
    let total = checks.iter().fold(total, |total, check| total.restore(&counted(check.id())));
    let publish =
        ctx.tag().map(|tag| process("publish").run(format!("echo would publish {tag}")).after(&total).blocked());
    Plan::from((checks, total, publish))
}

/// No list holds a word twice.
fn check(list: &str) -> Job {
    process(list)
        .run(format!("test -z \"$(sort words/{list}.txt | uniq --repeated)\""))
        .run(format!("wc -l < words/{list}.txt > {list}.count"))
        .save(&counted(list))
}

monkeyci_sdk::main!(plan);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lists_that_changed_are_checked() {
        let plan = plan(&Ctx::on_branch("main").changing(&["words/apes.txt", "README.md"]));
        assert_eq!(plan.ids(), ["apes", "total"]);
        assert_eq!(plan["total"].dependencies(), ["apes"]);
    }

    #[test]
    fn nothing_is_published_when_a_list_is_wrong() {
        let plan = plan(&Ctx::on_tag("v1"));
        assert_eq!(plan.ids(), ["apes", "fruits", "total", "publish"]);
        let run = Scenario::of(plan).failing("fruits").approving("publish").run();
        assert_eq!((run.ran(), run.skipped()), (vec!["apes", "fruits"], vec!["total", "publish"]));
    }

    #[test]
    fn the_total_is_the_sum_of_what_was_counted() {
        let ctx = Ctx::on_branch("main");
        let checkout = std::env::temp_dir().join(format!("words-{}", std::process::id()));
        std::fs::create_dir_all(&checkout).expect("a folder");
        let scenario =
            Scenario::of(plan(&ctx)).writing("apes", "apes.count", "3\n").writing("fruits", "fruits.count", "2\n");
        let run = scenario.acting(&ctx, &checkout).run();
        std::fs::remove_dir_all(&checkout).expect("removed");
        assert_eq!(run.outcome("total").expect("it ran").answer().values["words"], 5);
    }
}
