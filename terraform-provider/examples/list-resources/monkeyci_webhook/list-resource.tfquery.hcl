list "monkeyci_webhook" "all" {
  provider = monkeyci
  config {
    repo = "acme/web"
  }
}
