ephemeral "monkeyci_ssh_keypair" "deploy" {
  comment = "acme/web"
}

# The private part goes to MonkeyCI, and the public one to the forge's provider in the same run.
resource "monkeyci_ssh_key" "deploy" {
  org                    = "acme"
  name                   = "deploy"
  private_key_wo         = ephemeral.monkeyci_ssh_keypair.deploy.private_key
  private_key_wo_version = 1
}
