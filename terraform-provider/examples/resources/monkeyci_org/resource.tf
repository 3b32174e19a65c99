resource "monkeyci_org" "acme" {
  slug = "acme"
  name = "Acme"
}
