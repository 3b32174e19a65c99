//! Roles in some repositories.

use monkeyci_client::rest::{NewMember, Role, RoleBindingBody};

use crate::workspace::Workspace;

const ROLES: &str = r#"
resource "monkeyci_org" "acme" {
  slug = "acme"
}
resource "monkeyci_repo" "web" {
  org  = monkeyci_org.acme.id
  name = "web"
  url  = "https://git.example.com/acme/web.git"
}
resource "monkeyci_org_member" "bob" {
  org  = monkeyci_org.acme.id
  name = "bob"
  role = "viewer"
}
resource "monkeyci_service_account" "deployer" {
  org  = monkeyci_org.acme.id
  name = "deployer"
  role = "viewer"
}
resource "monkeyci_role_binding" "shop" {
  org     = monkeyci_org.acme.id
  name    = "shop"
  members = [monkeyci_service_account.deployer.id, monkeyci_org_member.bob.name]
  role    = "developer"
  repos   = [monkeyci_repo.web.id]
}
"#;

#[test]
fn a_role_in_some_repositories_is_given_changed_repaired_and_imported() {
    let Some(w) = Workspace::new() else { return };
    w.write("main.tf", ROLES);
    assert!(w.apply().contains("5 added"));
    w.is_settled();
    let acme = w.client.org("acme");
    let shop = acme.role_binding("shop");
    let is = || w.ask(shop.get()).body;
    let members = ["acme/deployer", "bob"].map(str::to_owned).into();
    assert_eq!((is().role, is().members), (Role::Developer, members));
    w.write("main.tf", &ROLES.replace("\"developer\"", "\"maintainer\""));
    assert!(w.apply().contains("0 added, 1 changed, 0 destroyed"));
    assert_eq!(is().role, Role::Maintainer);
    let labelled = "label_filters = [{ team = \"shop\" }, { team = \"pay\" }]";
    w.write("main.tf", &ROLES.replace("repos   = [monkeyci_repo.web.id]", labelled));
    assert!(w.apply().contains("0 added, 1 changed, 0 destroyed"));
    w.is_settled();
    assert!(is().repos.is_empty() && is().label_filters.0.len() == 2);
    w.write("main.tf", ROLES);
    w.apply();
    w.is_settled();

    // Somebody changes it by hand, removes it, and lets somebody go.
    let body = is();
    w.ask(shop.put(&RoleBindingBody { role: Role::Maintainer, ..body }));
    assert!(w.is_unsettled().contains("\"maintainer\" -> \"developer\""));
    w.ask(shop.delete());
    assert!(w.apply().contains("1 added"));
    w.ask(acme.member("bob").delete());
    let seen = w.is_unsettled();
    assert!(seen.contains("\"bob\"") && seen.contains("monkeyci_role_binding.shop"), "{seen}");
    w.apply();
    w.is_settled();
    w.ask(acme.member("bob").put(&NewMember { role: Role::Viewer }));
    w.imports(&[
        ("monkeyci_org.acme", "acme"),
        ("monkeyci_repo.web", "acme/web"),
        ("monkeyci_org_member.bob", "acme/bob"),
        ("monkeyci_service_account.deployer", "acme/sa/deployer"),
        ("monkeyci_role_binding.shop", "acme/role/shop"),
    ]);
    for (right, wrong, line, said) in [
        ("\"developer\"", "\"owner\"", "role ", "every member is a viewer"),
        (
            "[monkeyci_service_account.deployer.id, monkeyci_org_member.bob.name]",
            "[\"a/b\"]",
            "members ",
            "neither the name",
        ),
        ("[monkeyci_service_account.deployer.id, monkeyci_org_member.bob.name]", "[]", "members ", "1 to 500 members"),
        ("[monkeyci_repo.web.id]", "[\"other/web\"]", "repos ", "of the organisation, as `acme/web`"),
        ("[monkeyci_repo.web.id]", "[]", "repos ", "say `labelFilters`"),
    ] {
        w.write("main.tf", &ROLES.replace(right, wrong));
        w.is_told(line, said);
    }
    w.write("main.tf", &ROLES.replace("monkeyci_org_member.bob.name", "\"eve\""));
    assert!(w.fails(&["apply", "-auto-approve"]).contains("does not belong to"));
}
