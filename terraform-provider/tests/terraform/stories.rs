//! What a user of Terraform does and sees.

use monkeyci_client::rest::{OrgBody, RepoBody};

use crate::workspace::Workspace;

const REPO: &str = r#"
resource "monkeyci_org" "acme" {
  slug = "acme"
}

resource "monkeyci_repo" "web" {
  org            = monkeyci_org.acme.id
  name           = "web"
  url            = "https://git.example.com/acme/web.git"
  default_branch = "trunk"
  labels         = { team = "shop" }
  report         = { forge = "gitea", api = "https://git.example.com/api/v1", project = "acme/web" }
}
"#;

#[test]
fn a_repository_is_made_changed_repaired_imported_and_removed() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", REPO);
    assert!(w.apply().contains("2 added"));
    w.is_settled();
    let web = w.client.org("acme").repo("web");
    assert_eq!(w.ask(web.get()).body.default_branch, "trunk");

    w.write("main.tf", &REPO.replace("trunk", "main").replace("  labels         = { team = \"shop\" }\n", ""));
    assert!(w.apply().contains("0 added, 1 changed, 0 destroyed"));
    w.is_settled();
    let body = w.ask(web.get()).body;
    assert_eq!((body.default_branch.as_str(), body.labels.len()), ("main", 0));

    // Somebody changes it by hand.
    w.ask(web.put(&RepoBody { poll: Some(600), ..body }));
    assert!(w.is_unsettled().contains("600 -> null"));
    assert!(w.apply().contains("1 changed"));
    assert_eq!(w.ask(web.get()).body.poll, None);

    // Somebody removes it.
    w.ask(web.delete());
    assert!(w.apply().contains("1 added"));
    w.is_settled();

    w.imports(&[("monkeyci_org.acme", "acme"), ("monkeyci_repo.web", "acme/web")]);
    let said = w.fails(&["import", "monkeyci_repo.other", "acme"]);
    assert!(said.contains("resource address \"monkeyci_repo.other\" does not exist"), "{said}");

    let said = w.fails(&["destroy", "-auto-approve"]);
    assert!(said.contains("The organisation is protected") && said.contains("deletion_protection = false"), "{said}");
    w.write("main.tf", &REPO.replace("\"acme\"\n}", "\"acme\"\n  deletion_protection = false\n}"));
    w.apply();
    assert!(w.succeeds(&["destroy", "-auto-approve"]).contains("2 destroyed"));
}

#[test]
fn what_is_wrong_stands_at_its_line_before_anything_is_done() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", &REPO.replace("\"trunk\"", "\"a..b\"").replace("  report", "  poll = 1\n  report"));
    let said = w.fails(&["plan"]);
    assert!(said.contains("on main.tf line 10, in resource \"monkeyci_repo\" \"web\""), "{said}");
    assert!(said.contains("default_branch = \"a..b\""), "{said}");

    // What others made is not taken over unawares.
    w.ask(w.client.org("acme").put(&OrgBody { name: Some("Others".into()), ..OrgBody::default() }));
    w.write("main.tf", REPO);
    let said = w.fails(&["apply", "-auto-approve"]);
    assert!(said.contains("to = monkeyci_org.NAME id = \"acme\""), "{said}");

    w.write("provider.tf", "provider \"monkeyci\" {\n  url = \"https://ann:s3cret@ci.example.com\"\n}\nterraform {\n  required_providers {\n    monkeyci = { source = \"registry.test/monkeyci/monkeyci\" }\n  }\n}\n");
    let said = w.fails(&["plan"]);
    assert!(said.contains("names a user"), "{said}");
}
