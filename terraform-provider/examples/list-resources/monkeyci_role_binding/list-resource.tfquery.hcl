list "monkeyci_role_binding" "all" {
  provider = monkeyci
  config {
    org = "acme"
  }
}
