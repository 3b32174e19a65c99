terraform import monkeyci_schedule.nightly acme/web/schedule/nightly
