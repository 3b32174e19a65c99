# "{:jobs {:test {:script [\"cargo test\"]}}}"
output "edn" {
  value = provider::monkeyci::pipeline_render({ jobs = { test = { script = ["cargo test"] } } }, "edn")
}
