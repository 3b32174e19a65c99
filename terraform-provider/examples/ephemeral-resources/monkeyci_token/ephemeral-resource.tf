# Made when Terraform starts, and revoked when it ends.
ephemeral "monkeyci_token" "deployer" {
  service_account = "acme/sa/deployer"
  minutes         = 15
}

provider "monkeyci" {
  alias = "deployer"
  url   = "https://ci.example.com"
  token = ephemeral.monkeyci_token.deployer.secret
}

data "monkeyci_current_user" "deployer" {
  provider = monkeyci.deployer
}
