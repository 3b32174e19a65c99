# "acme/web/schedule/nightly"
output "id" {
  value = provider::monkeyci::import_id("schedule", "acme", "web", "nightly")
}
