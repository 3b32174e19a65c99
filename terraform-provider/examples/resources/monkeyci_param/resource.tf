resource "monkeyci_param" "level" {
  scope = monkeyci_org.acme.id
  name  = "LEVEL"
  value = "info"
}

variable "database_url" {
  type      = string
  ephemeral = true # in no plan and no state
}

resource "monkeyci_param" "database" {
  scope            = monkeyci_repo.web.id
  name             = "DATABASE_URL"
  value_wo         = var.database_url
  value_wo_version = 1 # count it up to write another value
}
