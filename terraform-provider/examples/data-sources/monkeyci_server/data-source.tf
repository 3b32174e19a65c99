data "monkeyci_server" "this" {}

# What a cloud or vault is told to believe: `issuer` where it can reach the server, else `jwks` beside it.
output "issuer" {
  value = data.monkeyci_server.this.issuer
}

output "keys" {
  value = [for key in jsondecode(data.monkeyci_server.this.jwks).keys : key.kid]
}
