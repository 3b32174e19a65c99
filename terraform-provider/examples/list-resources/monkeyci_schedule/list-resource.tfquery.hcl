list "monkeyci_schedule" "all" {
  provider = monkeyci
  config {
    repo = "acme/web"
  }
}
