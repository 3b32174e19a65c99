list "monkeyci_environment" "all" {
  provider = monkeyci
  config {
    repo = "acme/web"
  }
}
