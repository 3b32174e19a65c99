list "monkeyci_trust" "all" {
  provider = monkeyci
  config {
    service_account = "acme/sa/deployer"
  }
}
