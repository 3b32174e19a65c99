resource "monkeyci_schedule" "nightly" {
  repo     = monkeyci_repo.web.id
  name     = "nightly"
  cron     = "0 3 * * *"
  timezone = "Europe/Brussels"
  params   = { FULL = "1" }
}
