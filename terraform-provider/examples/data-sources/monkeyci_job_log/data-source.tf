data "monkeyci_job_log" "test" {
  repo   = "acme/web"
  number = 1
  job    = "test"
  lines  = 20
}

output "log" {
  value = data.monkeyci_job_log.test.text
}
