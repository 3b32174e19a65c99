action "monkeyci_build_cancel" "stuck" {
  config {
    repo   = "acme/web"
    number = 482
    reason = "It hangs"
  }
}
