resource "monkeyci_param_set" "shop" {
  org           = monkeyci_org.acme.id
  name          = "shop"
  label_filters = [{ team = "shop" }]
}

resource "monkeyci_param" "shop" {
  for_each = {
    REGION = "eu-west-1"
    LEVEL  = "info"
  }
  scope = monkeyci_param_set.shop.id
  name  = each.key
  value = each.value
}
