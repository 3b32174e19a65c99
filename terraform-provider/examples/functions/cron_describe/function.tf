# "At 03:00."
output "nightly" {
  value = provider::monkeyci::cron_describe("0 3 * * *")
}
