list "monkeyci_ssh_key" "all" {
  provider = monkeyci
  config {
    org = "acme"
  }
}
