ephemeral "monkeyci_param_value" "region" {
  scope = "acme/web"
  name  = "REGION"
}

# The server of that region, wherever that is when this runs.
provider "monkeyci" {
  alias = "regional"
  url   = "https://${ephemeral.monkeyci_param_value.region.value}.ci.example.com"
}
