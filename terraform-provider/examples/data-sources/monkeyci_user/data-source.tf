data "monkeyci_user" "ann" {
  name = "ann"
}

output "is_admin" {
  value = data.monkeyci_user.ann.admin
}
