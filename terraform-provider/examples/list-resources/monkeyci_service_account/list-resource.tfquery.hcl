list "monkeyci_service_account" "all" {
  provider = monkeyci
  config {
    org = "acme"
  }
}
