terraform import monkeyci_org_member.alice acme/alice
