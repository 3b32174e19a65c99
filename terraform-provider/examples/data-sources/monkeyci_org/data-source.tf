data "monkeyci_org" "acme" {
  slug = "acme"
}

resource "monkeyci_param" "level" {
  scope = data.monkeyci_org.acme.id
  name  = "LEVEL"
  value = "info"
}
