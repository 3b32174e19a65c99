data "monkeyci_webhook_deliveries" "github" {
  repo    = "acme/web"
  webhook = "github"
  limit   = 5
}

output "failed" {
  value = [for delivery in data.monkeyci_webhook_deliveries.github.deliveries : delivery.message if delivery.state == "failed"]
}
