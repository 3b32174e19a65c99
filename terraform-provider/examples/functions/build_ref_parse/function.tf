# { org = "acme", repo = "web", number = 482 }
output "build" {
  value = provider::monkeyci::build_ref_parse("acme/web#482")
}
