terraform import monkeyci_webhook.forge acme/web/webhook/github
