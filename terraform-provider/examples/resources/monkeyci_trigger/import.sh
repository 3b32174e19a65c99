terraform import monkeyci_trigger.after_lib acme/web/trigger/after-lib
