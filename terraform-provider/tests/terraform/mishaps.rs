//! What is killed is gone on with.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::proxy::{Fate, Proxy};
use crate::workspace::Workspace;

const COUNT: usize = 40;

/// A configuration of many objects.
fn many() -> String {
    format!(
        "resource \"monkeyci_org\" \"acme\" {{\n  slug = \"acme\"\n}}\n\
         variable \"secret\" {{\n  ephemeral = true\n}}\n\
         resource \"monkeyci_param\" \"many\" {{\n  count = {COUNT}\n  scope = monkeyci_org.acme.id\n  \
         name = \"P${{count.index}}\"\n  value = count.index % 2 == 0 ? \"x\" : null\n  \
         value_wo = count.index % 2 == 0 ? null : var.secret\n  \
         value_wo_version = count.index % 2 == 0 ? null : 1\n}}\n"
    )
}

/// A way to the server on which an apply does not come to its end: some objects are never made.
fn stuck(w: &Workspace) -> Proxy {
    Proxy::new(&w.server.url, |line, _| match line.starts_with("PUT /v1/orgs/acme/params/P3") {
        true => Fate::Hangs,
        false => Fate::Passes,
    })
}

/// How many were made; nothing while nobody answers.
fn made(w: &Workspace) -> usize {
    w.try_ask(w.client.org("acme").params().all()).map_or(0, |made| made.len())
}

/// Waits until some are made.
fn await_some(w: &Workspace) {
    let begun = Instant::now();
    while made(w) < 3 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is made");
        std::thread::sleep(Duration::from_millis(2)); // poll
    }
}

#[test]
fn a_server_that_was_killed_amid_an_apply_is_gone_on_with() {
    let Some(w) = Workspace::with_program() else { return };
    w.goes_by(&stuck(&w).url, "max_retries = 0\n  request_timeout = \"5s\"");
    w.write("main.tf", &many());
    let mut apply = w.start(&["apply", "-auto-approve", "-parallelism=2"]);
    await_some(&w);
    w.server.kill();
    assert!(!apply.wait().expect("terraform ends").success());
    w.server.again();
    w.is_ready();
    assert!((3..COUNT).contains(&made(&w)), "{} were made", made(&w));

    // With some patience nobody notices that it is killed, and starts anew.
    w.goes_by(&w.server.url, "max_retries = 20\n  max_retry_wait = \"1s\"");
    let mut apply = w.start(&["apply", "-auto-approve", "-parallelism=2"]);
    let before = made(&w);
    let begun = Instant::now();
    while made(&w) <= before {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is made");
        std::thread::sleep(Duration::from_millis(2)); // poll
    }
    w.server.kill();
    w.server.again();
    assert!(apply.wait().expect("terraform ends").success());
    assert_eq!(made(&w), COUNT);
    w.is_settled();
    let versions = w.ask(w.client.org("acme").params().all());
    assert!(versions.iter().all(|param| param.version == 1), "each was written once: {versions:?}");
}

#[test]
fn a_provider_that_was_killed_amid_an_apply_is_gone_on_with() {
    let Some(w) = Workspace::with_program() else { return };
    w.goes_by(&stuck(&w).url, "");
    w.write("main.tf", &many());
    let mut apply = w.start(&["apply", "-auto-approve", "-parallelism=2"]);
    await_some(&w);
    for provider in children(apply.id()) {
        let killed = Command::new("kill").args(["-9", &provider.to_string()]).status().expect("kill runs");
        assert!(killed.success());
    }
    assert!(!apply.wait().expect("terraform ends").success());
    assert!((3..COUNT).contains(&made(&w)), "{} were made", made(&w));

    w.goes_by(&w.server.url, "");
    w.apply();
    assert_eq!(made(&w), COUNT);
    w.is_settled();
    let versions = w.ask(w.client.org("acme").params().all());
    assert!(versions.iter().all(|param| param.version == 1), "each was written once: {versions:?}");
}

/// Providers that a Terraform has started.
fn children(terraform: u32) -> Vec<u32> {
    let program = Path::new(env!("CARGO_BIN_EXE_terraform-provider-monkeyci")).canonicalize().expect("it is built");
    let processes = std::fs::read_dir("/proc").expect("a list").filter_map(Result::ok);
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_provider = |id: &u32| {
        let parent = std::fs::read_to_string(format!("/proc/{id}/stat")).ok();
        let parent = parent.and_then(|stat| stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse::<u32>().ok());
        parent == Some(terraform) && std::fs::read_link(format!("/proc/{id}/exe")).is_ok_and(|exe| exe == program)
    };
    ids.filter(is_provider).collect()
}
