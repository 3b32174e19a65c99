# The server makes it, and its private part never leaves it.
resource "monkeyci_ssh_key" "deploy" {
  org           = monkeyci_org.acme.id
  name          = "deploy"
  label_filters = [{ team = "shop" }]
}

# What the forge takes for a deploy key.
output "deploy_key" {
  value = monkeyci_ssh_key.deploy.public_key
}
