terraform import monkeyci_service_account.deployer acme/sa/deployer
