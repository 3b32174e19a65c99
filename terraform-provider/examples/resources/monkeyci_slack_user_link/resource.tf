resource "monkeyci_org_member" "ann" {
  org  = monkeyci_org.acme.id
  name = "ann"
  role = "developer"
}

# Who U0123ABCD is in Slack may do from there what Ann may do here.
resource "monkeyci_slack_user_link" "ann" {
  org       = monkeyci_org.acme.id
  workspace = "T0123ABCD"
  user      = "U0123ABCD"
  person    = monkeyci_org_member.ann.name
}
