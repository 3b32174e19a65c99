# ["2026-11-23T02:00:00Z", "2026-11-24T02:00:00Z"]
output "nightly" {
  value = provider::monkeyci::cron_next("0 3 * * *", "Europe/Brussels", "2026-11-22T12:00:00Z", 2)
}
