action "monkeyci_build_trigger" "web" {
  config {
    repo   = monkeyci_repo.web.id
    branch = "main"
    params = { FULL = "1" }
    wait   = true
  }
}
