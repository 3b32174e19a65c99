# 5400
output "seconds" {
  value = provider::monkeyci::duration_parse("1h30m")
}
