# Workflows of one repository on GitHub, on its main branch, are the service account: no token is stored there.
resource "monkeyci_trust" "github" {
  service_account = monkeyci_service_account.deployer.id
  name            = "github"
  issuer          = "https://token.actions.githubusercontent.com"
  subjects        = ["repo:acme/web:ref:refs/heads/main", "repo:acme/web:environment:*"]
  claims          = { repository_owner_id = "583231" }
  minutes         = 30
}
