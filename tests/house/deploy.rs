//! What sets MonkeyCI up as code says nothing that its providers do not know.
//!
//! Oracle's provider cannot be fetched where tests run. `tests/fixture/oci-provider.json` has the names and arguments of what
//! is used of it, as they are in the provider of 2025-09. Where it is there, in a mirror that `MONKEYCI_TEST_OCI_PROVIDER`
//! names, it says so itself; what only a plan against a tenancy shows is told in the guide.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use serde::Deserialize;

use crate::tidy::sources;

const SCHEMA: &str = include_str!("../fixture/oci-provider.json");

/// The arguments of a block.
#[derive(Deserialize)]
struct Arguments {
    required: BTreeSet<String>,
    optional: BTreeSet<String>,
}

/// A block with what stands in it.
#[derive(Debug, Default)]
struct Block {
    /// Its type, and the names behind it.
    head: Vec<String>,
    arguments: BTreeSet<String>,
    blocks: Vec<Block>,
}

/// Words that every resource may have.
const OF_ALL: [&str; 6] = ["provider", "count", "for_each", "depends_on", "lifecycle", "timeouts"];

/// Reads the blocks of a file that `terraform fmt` has nothing to say of.
fn read(text: &str) -> Block {
    let mut open = vec![Block::default()];
    let (mut value, mut heredoc) = (0_i32, None::<String>);
    for line in text.lines().map(str::trim) {
        if let Some(end) = &heredoc {
            if line == end {
                heredoc = None;
            }
            continue;
        }
        let code = line.split(" # ").next().unwrap_or_default();
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        let depth: i32 = code
            .chars()
            .map(|letter| match letter {
                '{' | '[' | '(' => 1,
                '}' | ']' | ')' => -1,
                _ => 0,
            })
            .sum();
        if value > 0 {
            value += depth;
            continue;
        }
        let top = open.last_mut().expect("a file is open");
        if let Some((name, rest)) = code.split_once(" = ").or_else(|| code.split_once("= ")) {
            top.arguments.insert(name.trim().to_owned());
            heredoc = rest.strip_prefix("<<-").map(str::to_owned);
            value = depth;
        } else if code.ends_with('{') {
            let words = code.trim_end_matches('{').split_whitespace().map(|word| word.trim_matches('"').to_owned());
            open.push(Block { head: words.collect(), ..Block::default() });
        } else if code == "}" {
            let block = open.pop().expect("it was opened");
            open.last_mut().expect("the file is open").blocks.push(block);
        }
    }
    assert_eq!(open.len(), 1, "every block is closed");
    open.pop().expect("the file")
}

/// What is wrong with a block by its schema.
fn judge(block: &Block, path: &str, schema: &BTreeMap<String, Arguments>, place: &str, wrong: &mut Vec<String>) {
    let Some(known) = schema.get(path) else {
        return wrong.push(format!("{place}: there is no block `{path}`"));
    };
    let inner = block.blocks.iter().map(|inner| inner.head[0].clone());
    let said: BTreeSet<String> = block.arguments.iter().cloned().chain(inner).collect();
    let is_known = |name: &str| known.required.contains(name) || known.optional.contains(name);
    let strange = said.iter().filter(|name| !is_known(name) && !OF_ALL.contains(&name.as_str()));
    wrong.extend(strange.map(|name| format!("{place}: `{path}` has no argument `{name}`")));
    let missing = known.required.difference(&said);
    wrong.extend(missing.map(|name| format!("{place}: `{path}` lacks `{name}`")));
    for inner in block.blocks.iter().filter(|inner| !OF_ALL.contains(&inner.head[0].as_str())) {
        let name = &inner.head[0];
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        judge(inner, &path, schema, place, wrong);
    }
}

#[test]
fn what_is_set_up_in_oracle_cloud_is_known_to_its_provider() {
    let schema: BTreeMap<String, BTreeMap<String, Arguments>> = serde_json::from_str(SCHEMA).expect("a schema");
    let files =
        sources::files().into_iter().filter(|(name, _)| name.starts_with("deploy/oci/") && name.ends_with(".tf"));
    let (mut wrong, mut used, mut made, mut named) = (Vec::new(), BTreeSet::new(), BTreeSet::new(), String::new());
    for (name, text) in files.filter(|(name, _)| !name.contains("/server/")) {
        for block in read(&text).blocks {
            let [kind, of, own] = block.head.as_slice() else { continue };
            let key = format!("{kind} {of}");
            let place = format!("{name}: {of}.{own}");
            made.insert(format!("{of}.{own}"));
            match schema.get(&key) {
                Some(schema) => judge(&block, "", schema, &place, &mut wrong),
                None => wrong.push(format!("{place}: the provider has no {key}, or it is not in the schema here")),
            }
            used.insert(key);
        }
        named.push_str(&text);
    }
    for key in schema.keys().filter(|key| !used.contains(*key)) {
        wrong.push(format!("{key} is in the schema here, and is not used"));
    }
    // What is named is there.
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "_.".contains(letter);
    for word in named.split(|letter| !letters(letter)).filter(|word| word.starts_with("oci_")) {
        let whole: Vec<&str> = word.split('.').take(2).collect();
        if whole.len() == 2 && !made.contains(&whole.join(".")) {
            wrong.push(format!("`{word}` names what nothing makes"));
        }
    }
    assert!(made.len() > 20, "{made:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_functions_and_instances_may_do_what_they_do_and_a_job_nothing() {
    let policies = std::fs::read_to_string(sources::root().join("deploy/oci/identity.tf")).expect("it is there");
    for needed in [
        "${local.hook} to use queue-push",
        "${local.hook} to read secret-bundles",
        "${local.hook} to manage compute-container-family",
        "${local.instances} to use queue-pull",
        "${local.instances} to manage compute-container-family",
        "${local.instances} to use virtual-network-family",
    ] {
        assert!(policies.contains(needed), "no policy allows {needed}");
    }
    // What sidecars send is removed where they put it.
    let storage = std::fs::read_to_string(sources::root().join("deploy/oci/storage.tf")).expect("it is there");
    assert!(storage.contains(r#"inclusion_prefixes = ["jobs/"]"#), "{storage}");
    for much in ["all-resources", "in tenancy", "to manage queues", "${local.hook} to use queue-pull"] {
        assert!(!policies.contains(much), "a policy allows more than is needed: {much}");
    }
}

/// Runs Terraform in a folder; none where there is no Terraform.
fn terraform(folder: &Path, arguments: &[&str]) -> Option<Output> {
    let terraform = Command::new("terraform")
        .args(arguments)
        .envs([("TF_CLI_CONFIG_FILE", "/dev/null"), ("CHECKPOINT_DISABLE", "1")])
        .current_dir(folder)
        .output();
    if terraform.is_err() {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        let is_required = required.split(',').any(|name| name == "terraform" || name == "all");
        assert!(!is_required, "`terraform` is required and missing");
        eprintln!("skipped: terraform: there is none on PATH");
    }
    terraform.ok()
}

#[test]
fn it_is_formatted() {
    let arguments = ["fmt", "-check", "-recursive", "-no-color", "deploy/oci"];
    let Some(output) = terraform(&sources::root(), &arguments) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn oracles_provider_takes_it() {
    let Ok(mirror) = std::env::var("MONKEYCI_TEST_OCI_PROVIDER") else {
        let required = std::env::var("MONKEYCI_TEST_REQUIRE").unwrap_or_default();
        let is_required = required.split(',').any(|name| name == "oci-provider" || name == "all");
        assert!(!is_required, "`oci-provider` is required and missing");
        return eprintln!("skipped: oci-provider: MONKEYCI_TEST_OCI_PROVIDER names no mirror");
    };
    let home = tempfile::tempdir().expect("a folder");
    for (name, text) in sources::files() {
        let Some(name) = name.strip_prefix("deploy/oci/").filter(|name| !name.contains('/')) else { continue };
        std::fs::write(home.path().join(name), text).expect("writes");
    }
    let mirror = format!("-plugin-dir={mirror}");
    for arguments in [&["init", "-no-color", &mirror][..], &["validate", "-no-color"]] {
        let Some(output) = terraform(home.path(), arguments) else { return };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// What would be made in the cloud, by what Terraform calls it.
const MADE: [(&str, &str); 6] = [
    ("data.oci_objectstorage_namespace.ci.namespace", r#""acme""#),
    (
        "data.oci_identity_availability_domains.all.availability_domains[*].name",
        r#"["Uocm:FRA-AD-1", "Uocm:FRA-AD-2"]"#,
    ),
    ("oci_objectstorage_bucket.ci.name", r#""monkeyci""#),
    ("oci_queue_queue.triggers.id", r#""ocid1.queue.oc1.eu-frankfurt-1.q""#),
    (
        "oci_queue_queue.triggers.messages_endpoint",
        r#""https://cell-1.queue.messaging.eu-frankfurt-1.oci.oraclecloud.com""#,
    ),
    ("oci_core_subnet.jobs.id", r#""ocid1.subnet.oc1.eu-frankfurt-1.s""#),
];

const VARIABLES: &str = r#"
tenancy_id     = "ocid1.tenancy.oc1..t"
compartment_id = "ocid1.compartment.oc1..c"
region         = "eu-frankfurt-1"
image          = "fra.ocir.io/acme/monkeyci:0.1"
function_image = "fra.ocir.io/acme/monkeyci:hook"
hooks = {
  web = { forge = "github", repo = "acme/web", url = "https://github.com/acme/web.git", secret = "ocid1.vaultsecret.oc1..v" }
}
"#;

#[test]
fn what_is_said_to_the_programs_is_what_they_read() {
    let home = tempfile::tempdir().expect("a folder");
    let deploy = sources::root().join("deploy/oci");
    let read = |name: &str| std::fs::read_to_string(deploy.join(name)).expect("it is there");
    let function = read("function.tf");
    let begin = function.find("locals {").expect("settings");
    let end = begin + function[begin..].find("\n}\n").expect("their end") + 3;
    let mut locals = MADE.iter().fold(function[begin..end].to_owned(), |text, (name, value)| text.replace(name, value));
    assert!(!locals.contains("oci_"), "nothing else is made: {locals}");
    locals.push_str("output \"settings\" {\n  value = local.settings\n}\n");
    let write = |name: &str, text: &str| std::fs::write(home.path().join(name), text).expect("writes");
    write("main.tf", &locals);
    write("variables.tf", &read("variables.tf"));
    write("terraform.tfvars", VARIABLES);
    for arguments in [&["init", "-no-color"][..], &["apply", "-auto-approve", "-no-color"]] {
        let Some(output) = terraform(home.path(), arguments) else { return };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let output = terraform(home.path(), &["output", "-raw", "settings"]).expect("it was there before");
    let settings = String::from_utf8(output.stdout).expect("text");
    assert!(settings.len() < 3_800, "all variables of a function have 4 KB");
    write("hook.toml", &settings);

    // Both programs read it, and get as far as to ask who they are, which nobody is here.
    let monkeyci = || {
        let mut command = Command::new(crate::program::monkeyci());
        command.envs(["XDG_DATA_HOME", "XDG_CACHE_HOME"].map(|name| (name, home.path()))).current_dir(home.path());
        command.env_remove("OCI_RESOURCE_PRINCIPAL_VERSION");
        command
    };
    let is_nobody = |output: Output| {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.contains("OCI_RESOURCE_PRINCIPAL_VERSION"), "{said}\n{settings}");
    };
    is_nobody(monkeyci().args(["doctor", "oci", "--json", "--hook", "hook.toml"]).output().expect("it runs"));
    let table: toml::Table = toml::from_str(&settings).expect("TOML");
    let jobs = table["start"]["container"]["environment"]["MONKEYCI_OCI_SETTINGS"].as_str().expect("where jobs run");
    std::fs::create_dir_all(home.path().join("web/.monkeyci")).expect("a folder");
    write("web/.monkeyci/build.yaml", "jobs:\n  - id: test\n    image: alpine:3.20\n    script: [\"true\"]\n");
    let mut build = monkeyci();
    build.args(["build", "--executor", "oci", "web"]).env("MONKEYCI_OCI_SETTINGS", jobs);
    is_nobody(build.output().expect("it runs"));
}
