resource "monkeyci_org_member" "alice" {
  org  = monkeyci_org.acme.id
  name = "alice"
  role = "maintainer"
}
