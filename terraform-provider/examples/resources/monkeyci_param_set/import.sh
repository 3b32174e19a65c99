terraform import monkeyci_param_set.shop acme/param-set/shop
