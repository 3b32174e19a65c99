data "monkeyci_slack_channel" "builds" {
  org  = "acme"
  name = "builds"
}

resource "monkeyci_slack_subscription" "builds" {
  org       = "acme"
  name      = "builds"
  workspace = data.monkeyci_slack_channel.builds.workspace
  channel   = data.monkeyci_slack_channel.builds.id
}
