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
    let deploy = ctx.tag().map(|tag| process("deploy").run(format!("./deploy {tag}")).after(&test));
    Plan::from((test, greet.env("WHO", ctx.get("WHO").unwrap_or_default()), deploy))
}

monkeyci_sdk::main!(plan);
