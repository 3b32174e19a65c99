list "monkeyci_slack_subscription" "all" {
  provider = monkeyci
  config {
    org = "acme"
  }
}
