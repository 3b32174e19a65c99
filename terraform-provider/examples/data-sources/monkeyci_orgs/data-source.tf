data "monkeyci_orgs" "all" {}

output "orgs" {
  value = data.monkeyci_orgs.all.slugs
}
