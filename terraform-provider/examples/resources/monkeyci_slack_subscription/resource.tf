resource "monkeyci_slack_subscription" "shop" {
  org       = monkeyci_org.acme.id
  name      = "shop"
  workspace = "T0123ABCD"
  channel   = "#shop-ci"
  repos     = ["web"]
  refs      = ["main"]
  actors    = ["!dependabot*"]
  events    = ["push", "schedule"]
  on        = ["failed", "recovered"]
  style = {
    mention     = "author"
    quiet_hours = { from = "20:00", to = "08:00", timezone = "Europe/Brussels" }
  }
}
