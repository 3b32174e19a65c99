# [{ path = "jobs.test.script[0]", before = "\"cargo test\"", after = "\"cargo nextest run\"" }]
output "differences" {
  value = provider::monkeyci::pipeline_diff(
    "jobs: {test: {script: [cargo test]}}",
    "jobs: {test: {script: [cargo nextest run]}}",
  )
}
