# At 03:00 on every day.
output "nightly" {
  value = provider::monkeyci::cron_describe("0 3 * * *")
}
