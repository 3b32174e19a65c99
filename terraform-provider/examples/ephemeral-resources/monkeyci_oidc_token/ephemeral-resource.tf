# Shown to a vault or cloud that believes the server, in place of a key that is stored.
ephemeral "monkeyci_oidc_token" "vault" {
  service_account = "acme/sa/deployer"
  audience        = ["https://vault.example.com"]
  minutes         = 5
}
