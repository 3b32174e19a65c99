//! A script with an action, which the tests of the protocol ask.

use monkeyci_sdk::prelude::*;

/// Greets whoever the param `WHO` names.
fn plan(ctx: &Ctx) -> Plan {
    let who = ctx.get("WHO").unwrap_or("world").to_owned();
    let greet = action("greet", move |act: &Act| {
        act.say(&format!("hello {who}"));
        match who.as_str() {
            "nobody" => Outcome::failure("there is nobody to greet"),
            _ => Outcome::success().message(format!("greeted {who}")).value("letters", who.len()),
        }
    });
    let test = process("test").run("true");
    let loud = process("loud").run("echo hello").extension("loud", "!");
    let deploy = ctx.tag().map(|tag| process("deploy").run(format!("./deploy {tag}")).after(&test));
    Plan::from((test, greet.env("WHO", ctx.get("WHO").unwrap_or_default()), loud, deploy)).using(extension_loud())
}

/// Jobs with `loud: TEXT` say the text as well, and are counted.
fn extension_loud() -> Extension {
    let words = |job: &Job| job.config::<String>("loud");
    extension("loud").prepare(move |_: &Act, job: Job| words(&job).map(|words| job.run(format!("echo {words}")))).after(
        |_: &Act, result: &JobResult| match result.exit {
            Some(0) => Outcome::success().value("loud", true),
            code => Outcome::failure(format!("it was not loud: {code:?}")),
        },
    )
}

monkeyci_sdk::main!(plan);
