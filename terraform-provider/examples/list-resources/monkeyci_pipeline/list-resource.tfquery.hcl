list "monkeyci_pipeline" "all" {
  provider = monkeyci
  config {
    org = "acme"
  }
}
