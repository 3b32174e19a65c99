data "monkeyci_repos" "shop" {
  org    = "acme"
  labels = { team = "shop" }
}

# Each of them is built every night.
resource "monkeyci_schedule" "nightly" {
  for_each = data.monkeyci_repos.shop.ids
  repo     = each.value
  name     = "nightly"
  cron     = "0 3 * * *"
}
