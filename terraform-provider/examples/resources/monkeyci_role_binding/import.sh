terraform import monkeyci_role_binding.shop acme/role/shop
