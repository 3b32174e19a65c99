list "monkeyci_subscription" "all" {
  provider = monkeyci
  config {
    org = "acme"
  }
}
