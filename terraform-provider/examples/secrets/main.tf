# Secrets that are known for one run: they come out of a vault or are drawn by lot, and are in no plan and no state.

terraform {
  required_version = ">= 1.11"
  required_providers {
    monkeyci = {
      source = "ci.example.com/monkeyci/monkeyci"
    }
  }
}

provider "monkeyci" {
  org = "acme"
}

# Stands for what a vault's provider reads: ephemeral.vault_kv_secret_v2.web.data
variable "vault" {
  description = "The secrets by name."
  type        = map(string)
  ephemeral   = true
}

variable "versions" {
  description = "Their names. A secret is written when its number is counted up."
  type        = map(number)
  default = {
    DATABASE_URL  = 1
    SMTP_PASSWORD = 1
  }
}

variable "protected" {
  description = "Whether the organisation cannot be removed."
  type        = bool
  default     = true
}

resource "monkeyci_org" "acme" {
  slug                = "acme"
  deletion_protection = var.protected
}

resource "monkeyci_repo" "web" {
  org  = monkeyci_org.acme.id
  name = "web"
  url  = "https://git.example.com/acme/web.git"
}

resource "monkeyci_environment" "prod" {
  repo = monkeyci_repo.web.id
  name = "prod"
  refs = ["main"]
}

# Only jobs of the environment get them, and logs show none of them.
resource "monkeyci_param" "secret" {
  for_each         = var.versions
  scope            = monkeyci_environment.prod.id
  name             = each.key
  value_wo         = var.vault[each.key]
  value_wo_version = each.value
}

# A secret that both ends are told in the same run: here, and for example by github_repository_webhook.
ephemeral "monkeyci_secret" "hook" {}

resource "monkeyci_webhook" "forge" {
  repo              = monkeyci_repo.web.id
  forge             = "github"
  secret_wo         = ephemeral.monkeyci_secret.hook.value
  secret_wo_version = 1
}

# The server makes this key, and its private part never leaves it.
resource "monkeyci_ssh_key" "deploy" {
  org  = monkeyci_org.acme.id
  name = "deploy"
}

output "deploy_key" {
  value = monkeyci_ssh_key.deploy.public_key
}

# Tells whether a secret is another, and nothing else of it.
output "fingerprint" {
  value = monkeyci_param.secret["DATABASE_URL"].fingerprint
}
