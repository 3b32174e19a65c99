//! What a user of Terraform does and sees.

use serde_json::{Value as Json, json};

use crate::workspace::{Way, Workspace};

const NOTE: &str = r#"
resource "files_note" "a" {
  name   = "a"
  text   = "hello"
  tags   = ["z", "y"]
  author = { name = "ann" }
  parts  = { one = { title = "One" }, two = { title = "Two", weight = 0.1 * 20 } }
  mentions = [{ name = "bob" }, { name = "cat", email = "c@example.org" }]
  extra  = { list = [1, 0.1, "x"], nothing = null }
}
"#;

#[test]
fn a_note_is_made_changed_repaired_and_removed() {
    let Some(w) = Workspace::new(&Way::Reattach) else { return };
    w.write("main.tf", NOTE);
    assert!(w.apply().contains("1 added"));
    assert!(w.is_settled());
    assert!(w.note("a").exists());

    w.write("main.tf", &NOTE.replace("hello", "hello there"));
    let plan = w.succeeds(&["plan"]);
    assert!(
        plan.contains("updated in-place") && plan.contains("revision") && plan.contains("known after apply"),
        "{plan}"
    );
    assert!(!plan.contains("1 to destroy"), "{plan}");
    // The place of the note stays, and is known.
    assert!(
        !plan
            .lines()
            .any(|line| line.trim_start_matches(['~', ' ']).starts_with("id ") && line.contains("known after")),
        "{plan}"
    );
    assert!(w.apply().contains("1 changed"));
    assert!(w.is_settled());

    // White space at the end means nothing, whoever puts it there.
    w.write("main.tf", &NOTE.replace("hello", "hello there  "));
    assert!(w.is_settled());

    // Somebody changes it by hand.
    let json = std::fs::read_to_string(w.note("a")).expect("a note");
    std::fs::write(w.note("a"), json.replace("hello there", "by hand")).expect("a file");
    assert!(!w.is_settled());
    assert!(w.apply().contains("1 changed"));
    assert!(std::fs::read_to_string(w.note("a")).expect("a note").contains("hello there"));

    // Somebody removes it.
    std::fs::remove_file(w.note("a")).expect("it was there");
    assert!(w.apply().contains("1 added"));
    assert!(w.is_settled());

    w.write("main.tf", &NOTE.replace("\"a\"\n  text", "\"b\"\n  text"));
    assert!(w.succeeds(&["plan"]).contains("forces replacement"));
    assert!(w.apply().contains("1 added, 0 changed, 1 destroyed"));
    assert!(!w.note("a").exists() && w.note("b").exists());
    assert!(w.is_settled());

    assert!(w.succeeds(&["destroy", "-auto-approve"]).contains("1 destroyed"));
    assert!(!w.note("b").exists());
}

#[test]
fn errors_stand_at_their_lines() {
    let Some(w) = Workspace::new(&Way::Reattach) else { return };
    let text = "resource \"files_note\" \"a\" {\n  name   = \"a/b\"\n  copies = 12\n  text   = \"x\"\n  lines  = []\n  access = \"nobody\"\n  \
                secret_wo = \"x\"\n  parts = {\n    one = { title = \"x\", weight = 1 }\n  }\n}\n";
    w.write("main.tf", text);
    let output = w.terraform(&["validate", "-json"]);
    let said: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    let errors: Vec<(i64, String)> = said["diagnostics"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            (one["range"]["start"]["line"].as_i64().unwrap_or(0), one["detail"].as_str().unwrap_or("").to_owned())
        })
        .collect();
    let has = |line: i64, words: &str| {
        assert!(
            errors.iter().any(|(at, detail)| *at == line && detail.contains(words)),
            "{words} at {line}: {errors:?}"
        );
    };
    has(2, "`name` has a slash");
    has(3, "`copies` is 12, 1 to 9 are possible");
    has(5, "Only one of `text`, `lines`");
    has(6, "`access` is \"nobody\", one of `everybody`, `owner_only`");
    has(7, "`secret_wo` needs `secret_version`");

    // What only the client knows is said when it is planned, at its line all the same.
    w.write("main.tf", "resource \"files_note\" \"a\" {\n  name = \"forbidden\"\n}\n");
    let said = w.fails(&["plan"]);
    assert!(said.contains("Name is taken") && said.contains("main.tf line 2"), "{said}");

    w.write("main.tf", "output \"x\" {\n  value = provider::files::slug(\"!\")\n}\n");
    let said = w.fails(&["plan"]);
    assert!(said.contains("Invalid value for \"text\" parameter: there is no letter in it"), "{said}");
}

#[test]
fn a_secret_reaches_the_folder_and_nothing_else() {
    let Some(w) = Workspace::new(&Way::Override) else { return };
    let text = r#"
variable "secret" {
  ephemeral = true
}
ephemeral "files_lease" "key" {
  name = "key"
}
resource "files_note" "a" {
  name           = "a"
  secret_wo      = var.secret
  secret_version = 1
  parts          = { one = { title = "One", key_wo = ephemeral.files_lease.key.key } }
}
data "files_note" "a" {
  name = files_note.a.name
}
"#;
    let log = w.path().join("log");
    let log = [("TF_LOG", "trace"), ("TF_LOG_PATH", log.to_str().expect("UTF-8"))];
    let run = |arguments: &[&str], secret: &str| {
        let variable = format!("-var=secret={secret}");
        let arguments: Vec<&str> = arguments.iter().copied().chain([variable.as_str()]).collect();
        let output = w.terraform_with(&arguments, &log);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(!said.contains("hunter"), "{said}");
        (output.status.code(), said)
    };
    let secret = || w.read("notes/a.secret");
    w.write("main.tf", text);
    let (code, said) = run(&["apply", "-auto-approve"], "hunter2");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(secret(), "hunter2");
    assert_eq!(w.read("notes/key.lease"), "closed");

    // Another secret alone is no change, and with another version it is one.
    assert_eq!(run(&["plan", "-detailed-exitcode"], "hunter3").0, Some(0));
    w.write("main.tf", &text.replace("secret_version = 1", "secret_version = 2"));
    assert_eq!(run(&["plan", "-detailed-exitcode", "-out=plan"], "hunter3").0, Some(2));
    let (code, said) = run(&["apply", "-auto-approve"], "hunter3");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(secret(), "hunter3");

    for file in ["terraform.tfstate", "terraform.tfstate.backup", "log"] {
        let text = w.read(file);
        // Terraform itself logs the command line, with the variable in it.
        let lines = text.lines().filter(|line| !line.contains("CLI args") && !line.contains("CLI command args"));
        let found: Vec<&str> = lines.filter(|line| line.contains("hunter") || line.contains("key-of-key")).collect();
        assert!(found.is_empty(), "{file}: {found:#?}");
    }
    let shown = w.succeeds(&["show", "-json", "plan"]);
    // A plan remembers variables only where they are no ephemeral ones.
    assert!(!shown.contains("hunter") && !shown.contains("key-of-key"), "{shown}");
    assert!(w.read("log").contains("provider.files") && w.read("log").contains("opened"), "logs go through");
}

#[test]
fn what_others_made_is_imported_and_nothing_changes() {
    let Some(w) = Workspace::new(&Way::Reattach) else { return };
    w.write("main.tf", NOTE);
    w.apply();
    std::fs::remove_file(w.path().join("terraform.tfstate")).expect("a state");
    w.write("import.tf", "import {\n  to = files_note.a\n  id = \"a\"\n}\n");
    assert!(w.apply().contains("1 imported, 0 added, 0 changed, 0 destroyed"));
    assert!(w.is_settled());

    w.write(
        "import.tf",
        "import {\n  to = files_note.b\n  id = \"nowhere\"\n}\nresource \"files_note\" \"b\" {\n name = \"b\"\n}\n",
    );
    assert!(w.fails(&["plan"]).contains("There is no note \"nowhere\" in the folder"));

    // A clash says how to get out of it.
    w.write("import.tf", "resource \"files_note\" \"b\" {\n  name = \"a\"\n}\n");
    assert!(w.fails(&["apply", "-auto-approve"]).contains("terraform import files_note.NAME a"));
}

#[test]
fn a_note_of_another_type_moves_in() {
    let Some(w) = Workspace::new(&Way::Reattach) else { return };
    w.write("main.tf", "resource \"terraform_data\" \"a\" {\n  input = \"a\"\n}\n");
    w.apply();
    let note = json!({ "name": "a", "copies": 1, "access": "everybody", "id": w.note("a"), "revision": 3 });
    std::fs::write(w.note("a"), note.to_string()).expect("a file");
    w.write("main.tf", "resource \"files_note\" \"a\" {\n  name = \"a\"\n}\nmoved {\n  from = terraform_data.a\n  to = files_note.a\n}\n");
    let plan = w.succeeds(&["plan"]);
    assert!(plan.contains("has moved to") && plan.contains("0 to add, 0 to change, 0 to destroy"), "{plan}");
    w.apply();
    assert!(w.is_settled());
}

#[test]
fn a_state_of_an_older_version_is_read() {
    let Some(w) = Workspace::new(&Way::Reattach) else { return };
    w.write("main.tf", NOTE);
    w.apply();
    let mut state = w.state();
    let instance = &mut state["resources"][0]["instances"][0];
    assert_eq!(instance["schema_version"], json!(1));
    instance["schema_version"] = json!(0);
    let attributes = instance["attributes"].as_object_mut().expect("attributes");
    let name = attributes.shift_remove("name").expect("a name");
    attributes.insert("label".to_owned(), name);
    attributes.shift_remove("extra");
    attributes.insert("gone".to_owned(), json!([1]));
    w.write("terraform.tfstate", &state.to_string());
    assert!(w.is_settled());

    // One of a newer provider is not guessed at.
    state["resources"][0]["instances"][0]["schema_version"] = json!(7);
    w.write("terraform.tfstate", &state.to_string());
    let said = w.fails(&["plan"]);
    assert!(said.contains("newer"), "{said}");
}

#[test]
fn what_got_half_way_is_tainted_and_not_lost() {
    let Some(w) = Workspace::new(&Way::Reattach) else { return };
    w.write("main.tf", "resource \"files_note\" \"a\" {\n  name = \"torn\"\n}\n");
    assert!(w.fails(&["apply", "-auto-approve"]).contains("Half of it was written"));
    assert_eq!(w.state()["resources"][0]["instances"][0]["status"], json!("tainted"));
    w.write("main.tf", "resource \"files_note\" \"a\" {\n  name = \"whole\"\n}\n");
    assert!(w.apply().contains("1 added, 0 changed, 1 destroyed"));
    assert!(w.is_settled());
}

#[test]
fn it_is_installed_from_a_mirror_and_locked() {
    let Some(w) = Workspace::new(&Way::Mirror) else { return };
    w.write("main.tf", NOTE);
    assert!(w.succeeds(&["init"]).contains("Installed registry.test/example/files v1.2.3"));
    assert!(w.read(".terraform.lock.hcl").contains("h1:"));
    w.apply();
    assert!(w.is_settled());
    let schema: Json = serde_json::from_str(&w.succeeds(&["providers", "schema", "-json"])).expect("JSON");
    let provider = &schema["provider_schemas"]["registry.test/example/files"];
    let note = &provider["resource_schemas"]["files_note"];
    assert_eq!(note["version"], json!(1));
    assert_eq!(note["block"]["attributes"]["secret_wo"]["write_only"], json!(true));
    assert_eq!(note["block"]["attributes"]["parts"]["nested_type"]["nesting_mode"], json!("map"));
    assert_eq!(
        note["block"]["attributes"]["name"]["description"],
        json!("What it is called. Another name is another note.")
    );
    assert_eq!(provider["functions"]["joined"]["variadic_parameter"]["name"], json!("texts"));
    assert_eq!(provider["provider"]["block"]["attributes"]["password"]["sensitive"], json!(true));
}

#[test]
fn functions_answer_without_a_provider() {
    let Some(w) = Workspace::new(&Way::Reattach) else { return };
    w.write(
        "main.tf",
        r#"
output "slug" { value = provider::files::slug("Hello World") }
output "joined" { value = provider::files::joined(null, "a", "b", "c") }
output "none" { value = provider::files::joined(", ") }
output "parsed" { value = provider::files::parsed("{\"a\":[1,2.5,null,18446744073709551616]}").a }
"#,
    );
    w.apply();
    let outputs: Json = serde_json::from_str(&w.succeeds(&["output", "-json"])).expect("JSON");
    assert_eq!(outputs["slug"]["value"], json!("hello-world"));
    assert_eq!(outputs["joined"]["value"], json!("abc"));
    assert_eq!(outputs["none"]["value"], json!(""));
    assert_eq!(outputs["parsed"]["value"][1], json!(2.5));
}

#[test]
fn a_provider_that_is_not_known_yet_waits() {
    let Some(w) = Workspace::new(&Way::Reattach) else { return };
    let provider = w.read("provider.tf");
    let folder = provider.lines().find(|line| line.contains("folder =")).expect("a folder").to_owned();
    w.write("provider.tf", &provider.replace(&folder, "  folder = terraform_data.folder.output"));
    let value = folder.split('"').nth(1).expect("a text");
    w.write("main.tf", &format!("resource \"terraform_data\" \"folder\" {{\n  input = \"{value}\"\n}}\n{NOTE}"));
    assert!(w.apply().contains("2 added"));
    assert!(w.is_settled());
}
