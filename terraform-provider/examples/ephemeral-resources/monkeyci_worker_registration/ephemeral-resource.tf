# Goes into the user data of machines, which begin with: monkeyci worker --register
ephemeral "monkeyci_worker_registration" "builders" {
  org     = "acme"
  minutes = 120
}
