data "monkeyci_server" "this" {}

output "server" {
  value = "${data.monkeyci_server.this.url} ${data.monkeyci_server.this.version}"
}
