resource "monkeyci_build_run" "bootstrap" {
  repo     = monkeyci_repo.web.id
  branch   = "main"
  params   = { INIT = "1" }
  triggers = { labels = jsonencode(monkeyci_repo.web.labels) }
  wait     = false # true fails the apply where the build does not end well
}
