# Asks no server: the same jobs are always the same text.
data "monkeyci_pipeline_document" "main" {
  jobs = {
    test = {
      image  = "docker.io/rust:1.95"
      script = ["cargo test"]
    }
  }
}

output "document" {
  value = data.monkeyci_pipeline_document.main.json
}
