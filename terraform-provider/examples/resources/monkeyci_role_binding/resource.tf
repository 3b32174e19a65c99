# Everywhere else, the account is what its own role says.
resource "monkeyci_role_binding" "shop" {
  org     = monkeyci_org.acme.id
  name    = "shop"
  members = [monkeyci_service_account.deployer.id]
  role    = "maintainer"
  repos   = [monkeyci_repo.web.id]
}

# A team, in the repositories with its label.
resource "monkeyci_role_binding" "team" {
  org           = monkeyci_org.acme.id
  name          = "team"
  members       = [monkeyci_service_account.deployer.id]
  role          = "developer"
  label_filters = [{ team = "shop" }]
}
