# A secret that the receiver is told in the same run, and nobody else.
ephemeral "monkeyci_secret" "hooks" {}

resource "monkeyci_subscription" "failures" {
  org  = monkeyci_org.acme.id
  name = "failures"
  to = { webhook = {
    url               = "https://hooks.example.com/ci"
    secret_wo         = "whsec_${base64encode(ephemeral.monkeyci_secret.hooks.value)}"
    secret_wo_version = 1
  } }
  refs = ["main"]
  on   = ["failed", "recovered"]
}
