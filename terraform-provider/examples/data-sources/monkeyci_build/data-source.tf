data "monkeyci_build" "good" {
  repo   = "acme/web"
  branch = "main"
  status = "success"
}

output "commit" {
  value = data.monkeyci_build.good.commit
}
