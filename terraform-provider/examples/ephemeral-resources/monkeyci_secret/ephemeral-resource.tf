ephemeral "monkeyci_secret" "signing" {
  length = 64
}

# It is written in the run in which the version is counted up, and never read again.
resource "monkeyci_param" "signing" {
  scope            = "acme"
  name             = "SIGNING_KEY"
  value_wo         = ephemeral.monkeyci_secret.signing.value
  value_wo_version = 1
}
