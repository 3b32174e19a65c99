# A secret that both ends are told in one run, and nobody else.
ephemeral "monkeyci_secret" "hook" {}

resource "monkeyci_webhook" "forge" {
  repo              = monkeyci_repo.web.id
  forge             = "github"
  secret_wo         = ephemeral.monkeyci_secret.hook.value
  secret_wo_version = 1
}

output "hook" {
  value = monkeyci_webhook.forge.url
}
