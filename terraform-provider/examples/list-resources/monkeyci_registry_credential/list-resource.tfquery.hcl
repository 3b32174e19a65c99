list "monkeyci_registry_credential" "all" {
  provider = monkeyci
  config {
    org = "acme"
  }
}
