//! The configuration that the guide shows.

use crate::workspace::{SECRET, Workspace};

const GUIDE: &str = include_str!("../../../docs/guide/terraform.md");

#[test]
fn the_guide_names_everything_that_there_is() {
    let listed = format!("{:?}", monkeyci_provider::plugin());
    let names: Vec<&str> = listed.trim_matches(['[', ']']).split(", ").map(|name| name.trim_matches('"')).collect();
    assert!(names.len() > 20, "{listed}");
    let is_named = |name: &str| GUIDE.contains(&format!("`{name}`")) || GUIDE.contains(&format!("`{name}("));
    let missing: Vec<_> = names.into_iter().filter(|name| !is_named(name)).collect();
    assert!(missing.is_empty(), "docs/guide/terraform.md does not name {missing:?}");
}

#[test]
fn the_configuration_of_the_guide_is_installed_and_applied() {
    let Some(w) = Workspace::with_mirror("ci.example.com/monkeyci/monkeyci") else { return };
    let (_, begun) = GUIDE.split_once("```hcl\n").expect("the guide has a configuration");
    let (configuration, _) = begun.split_once("\n```").expect("it has an end");
    w.remove("provider.tf");
    w.write("main.tf", configuration);
    w.succeeds(&["init"]);
    w.succeeds(&["fmt", "-check"]);
    assert!(w.apply().contains("8 added"));
    w.is_settled();
    w.holds_no(SECRET);
    let acme = w.client.org("acme");
    assert!(w.ask(acme.repo("web").environment("prod").param("DATABASE_URL").get()).secret);
    let hook = w.ask(acme.repo("web").hook("github").get());
    assert_eq!(w.succeeds(&["output", "-raw", "hook"]), hook.url);
}
