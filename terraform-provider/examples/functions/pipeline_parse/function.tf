# ["cargo test"]
output "script" {
  value = provider::monkeyci::pipeline_parse("jobs: {test: {script: [cargo test]}}").jobs.test.script
}
