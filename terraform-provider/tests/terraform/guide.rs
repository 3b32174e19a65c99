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
    let (_, begun) = GUIDE.split_once("```hcl\n").expect("the guide has a configuration");
    let (configuration, _) = begun.split_once("\n```").expect("it has an end");
    let example = include_str!("../../examples/quick-start/main.tf");
    assert_eq!(configuration.trim(), example.trim(), "it is the example of a quick start");
    let Some(w) = Workspace::with_mirror("ci.example.com/monkeyci/monkeyci") else { return };
    w.remove("provider.tf");
    w.write("main.tf", configuration);
    w.succeeds(&["init"]);
    assert!(w.apply().contains("6 added"));
    w.is_settled();
    w.holds_no(SECRET);
    let web = w.client.org("acme").repo("web");
    assert_eq!(w.succeeds(&["output", "-raw", "webhook"]), w.ask(web.hook("github").get()).url);

    // What the guide goes on to show: a change by hand is seen, and taken back.
    let schedule = w.ask(web.schedule("nightly").get()).body;
    let earlier = monkeyci_client::rest::ScheduleBody { cron: "0 1 * * *".into(), ..schedule };
    w.ask(web.schedule("nightly").put(&earlier));
    assert!(w.is_unsettled().contains("\"0 1 * * *\" -> \"0 3 * * *\""));
    w.apply();
    w.is_settled();
}
