list "monkeyci_param_set" "all" {
  provider = monkeyci
  config {
    org = "acme"
  }
}
