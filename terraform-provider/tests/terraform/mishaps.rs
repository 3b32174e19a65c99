//! What is killed is gone on with.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::workspace::Workspace;

const COUNT: usize = 40;

#[test]
fn a_provider_that_was_killed_amid_an_apply_is_gone_on_with() {
    let Some(w) = Workspace::with_program() else { return };
    w.write(
        "main.tf",
        &format!(
            "resource \"monkeyci_org\" \"acme\" {{\n  slug = \"acme\"\n}}\n\
             resource \"monkeyci_param\" \"many\" {{\n  count = {COUNT}\n  scope = monkeyci_org.acme.id\n  \
             name = \"P${{count.index}}\"\n  value = \"x\"\n}}\n"
        ),
    );
    let mut apply = w.start(&["apply", "-auto-approve", "-parallelism=2"]);
    let made = || w.try_ask(w.client.org("acme").params().all()).map_or(0, |made| made.len());
    let begun = Instant::now();
    while made() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is made");
        std::thread::sleep(Duration::from_millis(2)); // poll
    }
    for provider in children(apply.id()) {
        let killed = Command::new("kill").args(["-9", &provider.to_string()]).status().expect("kill runs");
        assert!(killed.success());
    }
    assert!(!apply.wait().expect("terraform ends").success());
    assert!((3..COUNT).contains(&made()), "{} were made", made());

    w.apply();
    assert_eq!(made(), COUNT);
    w.is_settled();
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
