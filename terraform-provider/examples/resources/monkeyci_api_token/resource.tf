ephemeral "monkeyci_secret" "deploy" {}

# The server keeps a digest of it, and Terraform nothing: hand it to whoever needs it in the same run.
resource "monkeyci_api_token" "deploy" {
  service_account   = monkeyci_service_account.deployer.id
  description       = "deploys the shop"
  role              = "developer"
  days              = 90
  secret_wo         = "mci_${ephemeral.monkeyci_secret.deploy.value}"
  secret_wo_version = 1
}
