# A plan is enough: the server judges it, and nothing is made.
variables {
  webhook_secret = "a-secret-of-the-test"
}

run "the_server_takes_it" {
  command = plan

  assert {
    condition     = monkeyci_schedule.nightly.id == "acme/web/schedule/nightly"
    error_message = "The schedule is called ${monkeyci_schedule.nightly.id}."
  }
}
