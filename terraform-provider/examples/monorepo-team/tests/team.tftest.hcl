variables {
  protected = false # so that the end of the test removes everything
}

run "each_service_is_tested_and_some_are_deployed" {
  assert {
    condition     = toset(keys(monkeyci_pipeline.shop.jobs)) == toset(["test-web", "deploy-web", "test-stock"])
    error_message = "The jobs are ${join(", ", keys(monkeyci_pipeline.shop.jobs))}."
  }
}

run "another_service_is_more_jobs_of_the_same_pipeline" {
  variables {
    services = {
      web = { image = "docker.io/node:22", test = ["npm test"], deploy = ["npm run deploy"] }
      pay = { image = "docker.io/node:22", test = ["npm test"], deploy = ["npm run deploy"] }
    }
  }

  assert {
    condition     = monkeyci_pipeline.shop.revision == 2
    error_message = "The pipeline is of revision ${monkeyci_pipeline.shop.revision}."
  }
  assert {
    condition     = monkeyci_pipeline.shop.jobs["deploy-pay"].dependencies == tolist(["test-pay"])
    error_message = "A service is deployed before it is tested."
  }
}
