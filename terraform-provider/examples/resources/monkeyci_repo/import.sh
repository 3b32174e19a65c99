terraform import monkeyci_repo.web acme/web
