terraform import monkeyci_params_exclusive.web acme/web
