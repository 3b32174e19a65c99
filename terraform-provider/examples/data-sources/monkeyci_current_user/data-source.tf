data "monkeyci_current_user" "me" {}

output "role" {
  value = lookup(data.monkeyci_current_user.me.orgs, "acme", "none")
}
