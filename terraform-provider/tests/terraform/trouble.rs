//! Networks that lose what is sent, and servers that do not answer as they should.

use std::time::{Duration, Instant};

use monkeyci_client::rest::{ParamBody, ScheduleBody, TriggerBody};

use crate::proxy::{Fate, Proxy};
use crate::workspace::{SECRET, Workspace};

const OBJECTS: &str = r#"
variable "secret" {
  ephemeral = true
}
resource "monkeyci_org" "acme" {
  slug = "acme"
}
resource "monkeyci_repo" "web" {
  org  = monkeyci_org.acme.id
  name = "web"
  url  = "https://git.example.com/acme/web.git"
}
resource "monkeyci_repo" "lib" {
  org  = monkeyci_org.acme.id
  name = "lib"
  url  = "https://git.example.com/acme/lib.git"
}
resource "monkeyci_param" "plain" {
  scope = monkeyci_repo.web.id
  name  = "PLAIN"
  value = "x"
}
resource "monkeyci_param" "secret" {
  scope            = monkeyci_repo.web.id
  name             = "SECRET"
  value_wo         = var.secret
  value_wo_version = 1
}
resource "monkeyci_webhook" "gitea" {
  repo              = monkeyci_repo.web.id
  forge             = "gitea"
  secret_wo         = var.secret
  secret_wo_version = 1
}
resource "monkeyci_schedule" "nightly" {
  repo = monkeyci_repo.web.id
  name = "nightly"
  cron = "0 3 * * *"
}
resource "monkeyci_trigger" "after" {
  repo   = monkeyci_repo.web.id
  name   = "after"
  source = monkeyci_repo.lib.id
}
"#;

/// As many objects there are in it.
const COUNT: usize = 8;

/// Changes that the audit of `acme` tells of.
fn changes(w: &Workspace) -> usize {
    w.ask(w.client.org("acme").audit().all()).len()
}

#[test]
fn what_is_lost_on_the_way_is_asked_again_and_done_once() {
    let Some(w) = Workspace::new() else { return };
    let proxy = Proxy::new(&w.server.url, |line, before| match (line.split(' ').next().unwrap_or_default(), before) {
        // Each change is made, and nobody hears of it; the next try is lost, and the third one is heard.
        ("PUT" | "DELETE", 0) | ("POST", 0) if !line.contains("/validate/") => Fate::IsObeyedUnheard,
        ("PUT" | "DELETE", 1) => Fate::IsLost,
        ("POST", 0) => Fate::IsRefused(503, "retry-after: 0\r\n"),
        ("GET", 0) => Fate::IsRefused(500, ""),
        ("GET", 1) => Fate::IsRefused(502, "retry-after: 0\r\n"),
        _ => Fate::Passes,
    });
    w.goes_by(&proxy.url, "");
    w.write("main.tf", OBJECTS);
    assert!(w.apply().contains(&format!("{COUNT} added")));
    assert_eq!(changes(&w), COUNT, "each was made once");
    assert_eq!(proxy.count("PUT /v1/orgs/acme/repos/web/params/SECRET"), 3);
    w.is_settled();
    w.holds_no(SECRET);
    let secret = w.client.org("acme").repo("web").param("SECRET");
    assert_eq!(w.ask(secret.get()).version, 1);

    // A change on its condition, and one that removes.
    let web = &OBJECTS[OBJECTS.find("resource \"monkeyci_trigger\"").expect("it is there")..];
    w.write("main.tf", &OBJECTS.replace("0 3 * * *", "0 4 * * *").replace(web, ""));
    w.goes_by(&proxy_of_changes(&w).url, "");
    assert!(w.apply().contains("0 added, 1 changed, 1 destroyed"));
    assert_eq!(changes(&w), COUNT + 2);
    w.is_settled();
}

/// One that loses the answer to the first change of each kind.
fn proxy_of_changes(w: &Workspace) -> Proxy {
    Proxy::new(&w.server.url, |line, before| match before {
        0 if line.starts_with("PUT") || line.starts_with("DELETE") => Fate::IsObeyedUnheard,
        _ => Fate::Passes,
    })
}

#[test]
fn a_server_that_asks_for_patience_gets_as_much_as_was_agreed() {
    let Some(w) = Workspace::new() else { return };
    let proxy = Proxy::new(&w.server.url, |line, before| match (line, before) {
        ("PUT /v1/orgs/acme/repos/web", 0) => Fate::IsRefused(429, "retry-after: 1\r\n"),
        ("PUT /v1/orgs/acme/repos/web/params/PLAIN", 0) => Fate::IsRefused(429, "retry-after: 3600\r\n"),
        _ => Fate::Passes,
    });
    w.goes_by(&proxy.url, "max_retry_wait = \"5s\"");
    w.write("main.tf", OBJECTS);
    let begun = Instant::now();
    let said = w.fails(&["apply", "-auto-approve"]);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert!(said.contains("The server asks for patience"), "{said}");
    assert_eq!(proxy.count("PUT /v1/orgs/acme/repos/web/params/PLAIN"), 1, "an hour is not waited");
    assert_eq!(changes(&w), COUNT - 1, "the others were made");
    assert!(w.apply().contains("1 added, 0 changed"));
    w.is_settled();
}

#[test]
fn what_stays_broken_costs_one_object_and_the_next_apply_repairs_it() {
    let Some(w) = Workspace::new() else { return };
    let broken = Proxy::new(&w.server.url, |line, _| match line {
        "PUT /v1/orgs/acme/repos/web/params/PLAIN" => Fate::IsRefused(500, ""),
        "PUT /v1/orgs/acme/repos/web/schedules/nightly" => Fate::Hangs,
        "PUT /v1/orgs/acme/repos/web/triggers/after" => Fate::IsRefused(403, ""),
        _ => Fate::Passes,
    });
    w.goes_by(&broken.url, "max_retries = 1\n  request_timeout = \"5s\"");
    w.write("main.tf", OBJECTS);
    let said = w.fails(&["apply", "-auto-approve"]);
    assert!(said.contains("The server is in trouble"), "{said}");
    assert!(said.contains("no answer came within 5 s"), "{said}");
    assert!(said.contains("The token may not set up the trigger"), "{said}");
    let tries = |path: &str| broken.count(&format!("PUT /v1/orgs/acme/repos/web/{path}"));
    assert_eq!((tries("params/PLAIN"), tries("schedules/nightly"), tries("triggers/after")), (2, 2, 1));
    assert_eq!(changes(&w), COUNT - 3);
    w.goes_by(&w.server.url, "");
    assert!(w.apply().contains("3 added, 0 changed, 0 destroyed"));
    w.is_settled();
}

#[test]
fn an_interrupted_apply_waits_for_nothing() {
    let Some(w) = Workspace::with_program() else { return };
    let proxy = Proxy::new(&w.server.url, |line, _| match line {
        "PUT /v1/orgs/acme/repos/web" => Fate::IsRefused(503, "retry-after: 300\r\n"),
        "PUT /v1/orgs/acme/repos/lib" => Fate::Hangs,
        _ => Fate::Passes,
    });
    w.goes_by(&proxy.url, "max_retry_wait = \"10m\"\n  request_timeout = \"10m\"");
    w.write("main.tf", OBJECTS);
    let mut apply = w.start(&["apply", "-auto-approve"]);
    let begun = Instant::now();
    while proxy.count("PUT /v1/orgs/acme/repos/web") == 0 || proxy.count("PUT /v1/orgs/acme/repos/lib") == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is made");
        std::thread::sleep(Duration::from_millis(2)); // poll
    }
    let interrupted = std::process::Command::new("kill").args(["-INT", &apply.id().to_string()]).status();
    assert!(interrupted.expect("kill runs").success());
    let begun = Instant::now();
    assert!(!apply.wait().expect("terraform ends").success());
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    w.goes_by(&w.server.url, "");
    w.apply();
    w.is_settled();
    assert_eq!(changes(&w), COUNT);
}

#[test]
fn who_came_in_between_is_not_overwritten() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", OBJECTS);
    w.apply();
    let web = w.client.org("acme").repo("web");
    let (param, schedule, trigger) = (web.param("PLAIN"), web.schedule("nightly"), web.trigger("after"));
    let changed = OBJECTS.replace("\"x\"", "\"y\"").replace("0 3 * * *", "0 4 * * *");
    let changed = changed.replace("\"after\"\n  source", "\"after\"\n  enabled = false\n  source");
    w.write("main.tf", &changed);
    w.succeeds(&["plan", "-out=saved"]);

    let by_hand = |value: &str| ParamBody { value: Some(value.to_owned()), ..ParamBody::default() };
    w.ask(param.put(&by_hand("z")));
    let (nightly, after) = (w.ask(schedule.get()).body, w.ask(trigger.get()).body);
    w.ask(schedule.put(&ScheduleBody { cron: "0 5 * * *".into(), ..nightly }));
    w.ask(trigger.put(&TriggerBody { pass_params: vec!["VERSION".into()], ..after }));
    let said = w.fails(&["apply", "-auto-approve", "saved"]);
    for noun in ["param", "schedule", "trigger"] {
        assert!(said.contains(&format!("The {noun} was changed by somebody else")), "{said}");
    }
    assert_eq!(w.ask(param.get()).value.as_deref(), Some("z"));

    // What they did shows, and is taken back.
    let said = w.is_unsettled();
    assert!(said.contains("\"z\" -> \"y\"") && said.contains("\"0 5 * * *\" -> \"0 4 * * *\""), "{said}");
    assert!(w.apply().contains("0 added, 3 changed, 0 destroyed"));
    w.is_settled();
}
