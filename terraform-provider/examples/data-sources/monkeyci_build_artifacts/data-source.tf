data "monkeyci_build_artifacts" "first" {
  repo   = "acme/web"
  number = 1
}

output "artifacts" {
  value = { for artifact in data.monkeyci_build_artifacts.first.artifacts : artifact.id => artifact.size }
}
