data "monkeyci_repo" "web" {
  org  = "acme"
  name = "web"
}

resource "monkeyci_schedule" "nightly" {
  repo   = data.monkeyci_repo.web.id
  name   = "nightly"
  cron   = "0 3 * * *"
  branch = data.monkeyci_repo.web.default_branch
}
