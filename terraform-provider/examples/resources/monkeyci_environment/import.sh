terraform import monkeyci_environment.prod acme/web/env/prod
