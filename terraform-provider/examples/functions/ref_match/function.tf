# true
output "is_release" {
  value = provider::monkeyci::ref_match("release/*", "refs/heads/release/2026")
}
