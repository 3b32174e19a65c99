data "monkeyci_pipeline" "main" {
  org  = "acme"
  name = "main"
}

output "jobs" {
  value = keys(jsondecode(data.monkeyci_pipeline.main.script).jobs)
}
