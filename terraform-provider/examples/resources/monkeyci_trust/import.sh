terraform import monkeyci_trust.github acme/sa/deployer/trust/github
