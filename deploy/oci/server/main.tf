# With a server of MonkeyCI in place of the bucket: what it is to know, by its own provider. The front door then has
# `to = "https://ci.example.com"`, and passes deliveries on.

terraform {
  required_version = ">= 1.11"
  required_providers {
    monkeyci = {
      source = "ci.example.com/monkeyci/monkeyci"
    }
  }
}

provider "monkeyci" {
  org = var.org
}

variable "org" {
  description = "The organisation."
  type        = string
}

variable "repos" {
  description = "The repositories, by name."
  type = map(object({
    url   = string
    forge = string
  }))
}

variable "webhook_secrets" {
  description = "What forges sign with, by repository: 16 letters or more."
  type        = map(string)
  ephemeral   = true # in no plan and no state
}

resource "monkeyci_org" "org" {
  slug = var.org
  name = var.org
}

resource "monkeyci_repo" "repo" {
  for_each = var.repos

  org  = monkeyci_org.org.id
  name = each.key
  url  = each.value.url
}

resource "monkeyci_webhook" "hook" {
  for_each = var.repos

  repo              = monkeyci_repo.repo[each.key].id
  forge             = each.value.forge
  secret_wo         = var.webhook_secrets[each.key]
  secret_wo_version = 1
}

# Enter each as a `[[hook]]` of the front door: the last part is its key.
output "webhooks" {
  value = { for name, hook in monkeyci_webhook.hook : name => hook.url }
}
