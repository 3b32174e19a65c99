resource "monkeyci_service_account" "deployer" {
  org         = monkeyci_org.acme.id
  name        = "deployer"
  role        = "developer"
  description = "Starts deployments"
}
