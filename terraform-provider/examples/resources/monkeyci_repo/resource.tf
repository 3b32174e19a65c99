resource "monkeyci_repo" "web" {
  org               = monkeyci_org.acme.id
  name              = "web"
  url               = "https://git.example.com/acme/web.git"
  labels            = { team = "shop" }
  cancel_superseded = true

  # How builds stand is shown beside the commits. The token is the param FORGE_TOKEN.
  report = {
    forge   = "gitea"
    api     = "https://git.example.com/api/v1"
    project = "acme/web"
  }
}
