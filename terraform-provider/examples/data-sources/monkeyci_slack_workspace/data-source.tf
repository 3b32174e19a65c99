data "monkeyci_slack_workspace" "acme" {
  org = "acme"
}

output "told" {
  value = keys(data.monkeyci_slack_workspace.acme.channels)
}
