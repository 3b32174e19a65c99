variable "registry_password" {
  type      = string
  ephemeral = true
}

# Images of ghcr.io are pulled as this user, by builds of the repositories of the team.
resource "monkeyci_registry_credential" "ghcr" {
  org                 = monkeyci_org.acme.id
  name                = "ghcr"
  host                = "ghcr.io"
  username            = "acme-bot"
  password_wo         = var.registry_password
  password_wo_version = 1 # count it up to write another password
  label_filters       = [{ team = "shop" }]
}
