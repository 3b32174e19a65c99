data "monkeyci_params" "web" {
  scope = "acme/web"
}

output "secrets" {
  value = [for name, param in data.monkeyci_params.web.params : name if param.secret]
}
