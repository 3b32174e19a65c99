data "monkeyci_slack_user" "ada" {
  org    = "acme"
  person = "ada"
}

output "mention" {
  value = "<@${data.monkeyci_slack_user.ada.id}>"
}
