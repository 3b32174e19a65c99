list "monkeyci_param" "all" {
  provider = monkeyci
  config {
    scope = "acme/web"
  }
}
