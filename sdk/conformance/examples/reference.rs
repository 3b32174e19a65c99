//! The script of docs/protocol.md in Rust.

use monkeyci_sdk::api::ApiError;
use monkeyci_sdk::prelude::*;

fn plan(ctx: &Ctx) -> Plan {
    let test = process("test").run("true");
    let who = ctx.get("WHO").unwrap_or("world").to_owned();
    let greet = action("greet", greet).env("WHO", who);
    let ask = action("ask", ask).after(&test).when(When::Always);
    let docs = ctx.touched("docs/").then(|| process("docs").run("make docs"));
    let loud = process("loud").run("echo hello").extension("loud", "!");
    let deploy = ctx.tag().map(|tag| process("deploy").run(format!("./deploy {tag}")).after(&test).blocked());
    Plan::from((test, greet, ask, docs, loud, deploy)).using(
        extension("loud")
            .prepare(|_: &Act, job: Job| job.config::<String>("loud").map(|word| job.run(format!("echo {word}"))))
            .after(|_: &Act, result: &JobResult| match result.exit {
                Some(0) => Outcome::success().value("loud", true),
                code => Outcome::failure(format!("it was not loud: {}", code.unwrap_or(-1))),
            }),
    )
}

fn greet(act: &Act) -> Outcome {
    let who = act.get("WHO").unwrap_or("world");
    if who == "nobody" {
        return Outcome::failure("there is nobody to greet");
    }
    act.say(&format!("hello {who}"));
    Outcome::success().message(format!("greeted {who}")).value("letters", who.chars().count())
}

fn ask(act: &Act) -> Result<Outcome, ApiError> {
    act.tell("asked", true)?;
    let test = act.job_of("test")?.expect("the script has it");
    act.restore(&artifact("words", "words.txt"))?;
    let none = act.restore(&artifact("none", "none.txt"))?;
    act.sh("tr a-z A-Z < words.txt > out.txt").run().expect("a shell");
    act.save(&artifact("out", "out.txt"))?;
    let outcome = Outcome::success().value("who", act.param("WHO")?.unwrap_or_default());
    let exit = test.result.and_then(|result| result.exit);
    Ok(outcome.value("status", test.status.to_string()).value("exit", exit).value("none", none))
}

monkeyci_sdk::main!(plan);
