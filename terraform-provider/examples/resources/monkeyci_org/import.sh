terraform import monkeyci_org.acme acme
