data "monkeyci_environment" "prod" {
  repo = "acme/web"
  name = "prod"
}

output "deployed" {
  value = try(data.monkeyci_environment.prod.deployment.number, "never")
}
