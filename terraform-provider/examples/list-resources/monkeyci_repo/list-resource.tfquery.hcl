list "monkeyci_repo" "all" {
  provider = monkeyci
  config {
    org = "acme"
  }
}
