data "monkeyci_current_user" "me" {}

resource "monkeyci_org_member" "me" {
  org  = monkeyci_org.acme.id
  name = data.monkeyci_current_user.me.name
  role = "owner"
}

# Who U0123ABCD is in Slack may do from there what they may do here.
resource "monkeyci_slack_user_link" "me" {
  org       = monkeyci_org.acme.id
  workspace = "T0123ABCD"
  user      = "U0123ABCD"
  person    = monkeyci_org_member.me.name
}
