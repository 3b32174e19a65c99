//! The examples, each applied.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use monkeyci_client::rest::{
    EnvironmentBody, NewBuild, NewHook, ParamBody, PipelineBody, RepoBody, Role, ServiceAccountBody, SshKeyBody,
};

use crate::reads::furnished;
use crate::runs::repository;
use crate::slack::told;
use crate::workspace::{SECRET, Workspace};

/// What examples refer to and do not declare.
const OTHERS: &[(&str, &str, &str)] = &[
    ("monkeyci_org", "acme", "slug = \"acme\"\n  deletion_protection = false"),
    (
        "monkeyci_repo",
        "web",
        "org = monkeyci_org.acme.id\n  name = \"web\"\n  url = \"https://git.example.com/web.git\"",
    ),
    (
        "monkeyci_repo",
        "lib",
        "org = monkeyci_org.acme.id\n  name = \"lib\"\n  url = \"https://git.example.com/lib.git\"",
    ),
    ("monkeyci_environment", "prod", "repo = monkeyci_repo.web.id\n  name = \"prod\""),
    ("monkeyci_param_set", "shop", "org = monkeyci_org.acme.id\n  name = \"shop\""),
    (
        "monkeyci_service_account",
        "deployer",
        "org = monkeyci_org.acme.id\n  name = \"deployer\"\n  role = \"developer\"",
    ),
];

/// Where the whole configurations get the provider from.
const SOURCE: &str = "ci.example.com/monkeyci/monkeyci";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The examples in a folder.
fn examples(of: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(of)).expect("a folder");
    let mut all: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    all.sort();
    assert!(!all.is_empty(), "{of} has no examples");
    all
}

/// The same with what it refers to, and what that refers to.
fn completed(example: &str) -> String {
    let mut text = example.to_owned();
    loop {
        let is_missing = |(kind, name, _): &&(&str, &str, &str)| {
            let is_named = text.split(&format!("{kind}.{name}")).skip(1).any(|rest| !rest.starts_with(is_of_name));
            is_named && !text.contains(&format!("resource \"{kind}\" \"{name}\""))
        };
        let Some((kind, name, body)) = OTHERS.iter().find(is_missing) else { return text };
        text.push_str(&format!("\nresource \"{kind}\" \"{name}\" {{\n  {body}\n}}\n"));
    }
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The same, where organisations can be removed.
fn unprotected(text: &str) -> String {
    let blocks = text.split("\nresource ").map(|block| {
        let is_open = block.starts_with("\"monkeyci_org\" \"") && !block.contains("deletion_protection");
        let open = if is_open { "{\n  deletion_protection = false" } else { "{" };
        if is_open { block.replacen('{', open, 1) } else { block.to_owned() }
    });
    blocks.collect::<Vec<_>>().join("\nresource ")
}

/// Removes what an example made.
fn destroy(w: &Workspace, text: &str) {
    let open = unprotected(&format!("\n{text}"));
    if open.trim() != text.trim() {
        w.write("main.tf", &open);
        w.apply();
    }
    // The last owner of an organisation stays.
    if text.contains("\"monkeyci_org_member\" \"me\"") {
        w.succeeds(&["state", "rm", "monkeyci_org_member.me"]);
    }
    w.succeeds(&["destroy", "-auto-approve"]);
}

#[test]
fn all_of_them_are_laid_out_as_terraform_does() {
    let Some(w) = Workspace::installing("") else { return };
    let folder = folder("");
    w.succeeds(&["fmt", "-check", "-recursive", folder.to_str().expect("a path of letters")]);
}

#[test]
fn every_resource_is_made_imported_and_removed_as_its_example_shows() {
    let Some(w) = Workspace::new() else { return };
    for example in examples("resources") {
        let text = completed(&read(&example.join("resource.tf")));
        w.write("main.tf", &text);
        w.apply();
        w.is_settled();
        w.holds_no(SECRET);
        let mut import = read(&example.join("import.sh"));
        if let Some((before, _)) = import.split_once("/token/").filter(|_| example.ends_with("monkeyci_api_token")) {
            let tokens = w.ask(w.client.org("acme").service_account("deployer").tokens().all());
            import = format!("{before}/token/{}\n", tokens.first().expect("it was made").id);
        }
        for command in import.lines().filter_map(|line| line.strip_prefix("terraform import ")) {
            w.succeeds(&["state", "rm", command.split(' ').next().expect("an address")]);
        }
        w.shell(&import);
        if text.contains("_wo_version") {
            // The server does not know which version of Terraform's a secret is.
            w.apply();
        }
        w.is_settled();
        destroy(&w, &text);
    }
}

/// Sets up by hand what the examples of data sources read.
fn looked_after(w: &Workspace) {
    let acme = w.client.org("acme");
    let web = acme.repo("web");
    let script = serde_json::json!({ "jobs": { "test": { "script": ["true"] } } });
    let pipeline = PipelineBody { script, ..PipelineBody::default() };
    w.ask(acme.pipeline("main").put(&pipeline));
    w.ask(acme.ssh_key("deploy").put(&SshKeyBody::default()));
    w.ask(web.environment("prod").put(&EnvironmentBody::default()));
    w.ask(web.make_hook(&NewHook { name: None, forge: "github".into(), secret: None }));
    told(w, "T0123ABCD");
    build(w);
}

/// A build of `web` that has ended.
fn build(w: &Workspace) {
    let web = w.client.org("acme").repo("web");
    let script = "- {id: test, script: ['echo well > site'], save-artifacts: [{id: site, path: site}]}";
    let folder = repository(w, script);
    let body = w.ask(web.get()).body;
    w.ask(web.put(&RepoBody { url: format!("file://{}", folder.display()), ..body }));
    let number = w.ask(web.start(&NewBuild::default())).build.number;
    let begun = Instant::now();
    while !w.ask(web.build(number).get()).build.status.is_terminal() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the build does not end");
        std::thread::sleep(Duration::from_millis(10)); // poll
    }
}

#[test]
fn every_data_source_is_read_as_its_example_shows() {
    let Some(w) = Workspace::with_processes().map(furnished) else { return };
    looked_after(&w);
    for example in examples("data-sources") {
        let text = read(&example.join("data-source.tf"));
        w.write("main.tf", &text);
        w.apply();
        w.is_settled();
        destroy(&w, &text);
    }
}

#[test]
fn every_ephemeral_resource_is_opened_as_its_example_shows() {
    let Some(w) = Workspace::with_program_and_processes().map(furnished) else { return };
    build(&w);
    let region = ParamBody { value: Some("eu".into()), ..ParamBody::default() };
    w.ask(w.client.org("acme").repo("web").param("REGION").put(&region));
    let role = Role::Developer;
    let deployer = ServiceAccountBody { role, description: None, integration: false, disabled: false };
    w.ask(w.client.org("acme").service_account("deployer").put(&deployer));
    for example in examples("ephemeral-resources") {
        let text = read(&example.join("ephemeral-resource.tf")).replace("https://ci.example.com", &w.server.url);
        w.write("main.tf", &text);
        w.apply();
        w.is_settled();
        ["mci_", "mcr_", "eyJ"].iter().for_each(|secret| w.holds_no(secret));
        destroy(&w, &text);
    }
}

/// The comment above each output says what it is.
#[test]
fn every_function_gives_what_its_example_says() {
    let Some(w) = Workspace::new() else { return };
    for example in examples("functions") {
        let text = read(&example.join("function.tf"));
        let mut test = String::from("run \"as_told\" {\n");
        let lines: Vec<_> = text.lines().collect();
        for pair in lines.windows(2) {
            let told = pair[0].strip_prefix("# ").zip(pair[1].strip_prefix("output \""));
            let Some((value, name)) = told.and_then(|(value, rest)| Some((value, rest.split('"').next()?))) else {
                continue;
            };
            let condition = format!("jsonencode(output.{name}) == jsonencode({value})");
            let error = format!("${{jsonencode(output.{name})}} is given");
            test.push_str(&format!("assert {{\n condition = {condition}\n error_message = \"{error}\"\n}}\n"));
        }
        assert!(test.contains("assert"), "{}: no comment says what it gives", example.display());
        w.write("main.tf", &text);
        w.write("told.tftest.hcl", &(test + "}\n"));
        assert!(w.succeeds(&["test"]).contains("1 passed"));
        w.remove("told.tftest.hcl");
    }
}

#[test]
fn the_block_of_the_provider_is_taken_as_it_is_shown() {
    let Some(w) = Workspace::with_mirror(SOURCE) else { return };
    let text = read(&folder("provider/provider.tf")).replace("https://ci.example.com", &w.server.url);
    w.write("provider.tf", &text);
    w.write("main.tf", "resource \"monkeyci_org\" \"acme\" {\n  slug = \"acme\"\n}\n");
    w.succeeds(&["init"]);
    w.apply();
    w.is_settled();
}

/// A whole configuration: its own tests, then what a person does with it.
fn whole(name: &str) {
    let Some(w) = Workspace::with_mirror(SOURCE) else { return };
    w.remove("provider.tf");
    std::fs::create_dir(w.path().join("tests")).expect("a folder");
    for place in ["", "tests/"] {
        for file in examples(&format!("{name}/{place}")).into_iter().filter(|file| file.is_file()) {
            let file_name = file.file_name().expect("a name").to_string_lossy();
            w.write(&format!("{place}{file_name}"), &read(&file));
        }
    }
    w.succeeds(&["init"]);
    w.succeeds(&["validate"]);
    let tested = w.succeeds(&["test"]);
    assert!(tested.contains("Success!") && !tested.contains(" 0 passed"), "{tested}");
    let left = w.ask(w.client.orgs().all());
    assert!(left.is_empty(), "the tests left {left:?}");

    w.apply();
    w.is_settled();
    w.holds_no(SECRET);
    let text = w.read("main.tf");
    if text.contains("var.protected") {
        w.fails(&["destroy", "-auto-approve"]);
        w.succeeds(&["apply", "-auto-approve", "-var=protected=false"]);
        w.succeeds(&["destroy", "-auto-approve", "-var=protected=false"]);
    } else {
        destroy(&w, &text);
    }
}

#[test]
fn a_quick_start() {
    whole("quick-start");
}

#[test]
fn a_team_with_a_monorepo() {
    whole("monorepo-team");
}

#[test]
fn secrets_of_a_vault() {
    whole("secrets");
}

#[test]
fn no_example_is_left_out() {
    // Actions and lists are for Terraform 1.14; their examples are only held to what the documentation needs.
    let known =
        ["resources", "data-sources", "ephemeral-resources", "functions", "provider", "actions", "list-resources"];
    let whole = ["quick-start", "monorepo-team", "secrets"];
    for example in examples("") {
        let name = example.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(known.contains(&name.as_str()) || whole.contains(&name.as_str()), "no test runs {name}");
    }
}
