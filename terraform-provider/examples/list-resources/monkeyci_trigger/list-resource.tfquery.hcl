list "monkeyci_trigger" "all" {
  provider = monkeyci
  config {
    repo = "acme/web"
  }
}
