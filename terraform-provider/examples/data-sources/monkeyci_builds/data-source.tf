data "monkeyci_builds" "main" {
  repo   = "acme/web"
  branch = "main"
  status = "success"
  limit  = 1
}

# The commit that last passed, if any.
output "good" {
  value = one(data.monkeyci_builds.main.builds[*].commit)
}
