terraform {
  required_version = ">= 1.11"
  required_providers {
    monkeyci = {
      source = "ci.example.com/monkeyci/monkeyci"
    }
  }
}

provider "monkeyci" {
  org = "acme" # for all that name none
}

variable "webhook_secret" {
  description = "What the forge signs with: 16 letters or more."
  type        = string
  ephemeral   = true # in no plan and no state
}

resource "monkeyci_org" "acme" {
  slug = "acme"
  name = "Acme"
}

resource "monkeyci_repo" "web" {
  org  = monkeyci_org.acme.id
  name = "web"
  url  = "https://git.example.com/acme/web.git"
}

# Jobs, for a repository that has no .monkeyci of its own.
resource "monkeyci_pipeline" "web" {
  org  = monkeyci_org.acme.id
  name = "web"
  repo = monkeyci_repo.web.id
  jobs = {
    test = {
      image  = "docker.io/alpine:3"
      script = ["echo \"Hello, $PLANET\""]
      params = ["PLANET"]
    }
  }
}

resource "monkeyci_param" "planet" {
  scope = monkeyci_repo.web.id
  name  = "PLANET"
  value = "Earth"
}

resource "monkeyci_schedule" "nightly" {
  repo     = monkeyci_repo.web.id
  name     = "nightly"
  cron     = "0 3 * * *"
  timezone = "Europe/Brussels"
}

resource "monkeyci_webhook" "forge" {
  repo              = monkeyci_repo.web.id
  forge             = "github"
  secret_wo         = var.webhook_secret
  secret_wo_version = 1 # counted up where there is another secret
}

output "webhook" {
  description = "What to enter at the forge, beside the secret."
  value       = monkeyci_webhook.forge.url
}
