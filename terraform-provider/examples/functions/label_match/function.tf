locals {
  repos = {
    web  = { team = "shop", tier = "1" }
    docs = { team = "docs" }
  }
}

# ["web"]
output "shop" {
  value = [for name, labels in local.repos : name if provider::monkeyci::label_match([{ team = "shop" }], labels)]
}
