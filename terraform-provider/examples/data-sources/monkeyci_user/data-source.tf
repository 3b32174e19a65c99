data "monkeyci_current_user" "me" {}

# Only who runs the server may ask.
data "monkeyci_user" "me" {
  name = data.monkeyci_current_user.me.name
}

output "since" {
  value = data.monkeyci_user.me.created
}
