data "monkeyci_ssh_key" "deploy" {
  org  = "acme"
  name = "deploy"
}

output "deploy_key" {
  value = data.monkeyci_ssh_key.deploy.public_key
}
