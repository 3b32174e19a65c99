# What takes an address, such as the user data of a machine, downloads the artifact without a token.
ephemeral "monkeyci_artifact_url" "site" {
  repo     = "acme/web"
  number   = 1
  artifact = "site"
  minutes  = 15
}
