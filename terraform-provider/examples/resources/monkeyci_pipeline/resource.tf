resource "monkeyci_pipeline" "web" {
  org  = monkeyci_org.acme.id
  name = "web"
  repo = monkeyci_repo.web.id
  jobs = {
    test = {
      image  = "docker.io/rust:1.95"
      script = ["cargo test"]
      caches = [{ id = "cargo", path = ".cargo" }]
    }
    # One job for each browser.
    e2e = {
      image        = "docker.io/node:22"
      script       = ["npm ci", "npm run e2e -- $BROWSER"]
      dependencies = ["test"]
      matrix       = { BROWSER = ["chromium", "firefox"] }
      services     = { db = { image = "docker.io/postgres:18", ports = [5432] } }
    }
    deploy = {
      image        = "docker.io/alpine:3"
      script       = ["./deploy"]
      dependencies = ["e2e"]
      blocked      = true # until somebody approves it
      # The cloud knows the job by a token that the server signs, and no key is stored.
      id_tokens = { CLOUD_TOKEN = { audience = ["sts.example.com"] } }
      if        = { main_branch = true }
    }
  }
}

# What jobs do not have, or what is there already, is taken as a whole.
resource "monkeyci_pipeline" "docs" {
  org           = monkeyci_org.acme.id
  name          = "docs"
  label_filters = [{ kind = "docs" }]
  script        = jsonencode([{ id = "pages", script = ["make pages"] }])
}
