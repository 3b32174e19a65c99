variables {
  protected = false # so that the end of the test removes everything
  vault     = { DATABASE_URL = "postgres://one", SMTP_PASSWORD = "correct horse" }
}

run "secrets_are_written" {
  assert {
    condition     = monkeyci_param.secret["DATABASE_URL"].version == 1
    error_message = "It was written ${monkeyci_param.secret["DATABASE_URL"].version} times."
  }
}

run "another_secret_is_not_written_before_its_number_is_counted_up" {
  variables {
    vault = { DATABASE_URL = "postgres://two", SMTP_PASSWORD = "correct horse" }
  }

  assert {
    condition     = monkeyci_param.secret["DATABASE_URL"].fingerprint == run.secrets_are_written.fingerprint
    error_message = "It was written."
  }
}

run "it_is_written_when_its_number_is_counted_up" {
  variables {
    vault    = { DATABASE_URL = "postgres://two", SMTP_PASSWORD = "correct horse" }
    versions = { DATABASE_URL = 2, SMTP_PASSWORD = 1 }
  }

  assert {
    condition     = monkeyci_param.secret["DATABASE_URL"].fingerprint != run.secrets_are_written.fingerprint
    error_message = "It was not written."
  }
  assert {
    condition     = monkeyci_param.secret["SMTP_PASSWORD"].version == 1
    error_message = "The other was written as well."
  }
}
