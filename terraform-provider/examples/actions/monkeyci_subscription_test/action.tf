action "monkeyci_subscription_test" "deploys" {
  config {
    subscription = monkeyci_subscription.deploys.id
  }
}
