# A team with one repository of several services: each is tested and deployed when it has changed.

terraform {
  required_version = ">= 1.11"
  required_providers {
    monkeyci = {
      source = "ci.example.com/monkeyci/monkeyci"
    }
  }
}

provider "monkeyci" {
  org = "shop"
}

resource "monkeyci_org" "shop" {
  slug                = "shop"
  name                = "The shop"
  deletion_protection = var.protected
}

resource "monkeyci_org_member" "team" {
  for_each = var.team
  org      = monkeyci_org.shop.id
  name     = each.key
  role     = each.value
}

resource "monkeyci_repo" "shop" {
  org               = monkeyci_org.shop.id
  name              = "shop"
  url               = var.url
  labels            = { team = "shop" }
  cancel_superseded = true
}

locals {
  tests = {
    for name, service in var.services : "test-${name}" => {
      image    = service.image
      work_dir = "services/${name}"
      script   = service.test
      if       = { paths = ["services/${name}/**", "libs/**"] }
    }
  }
  deployments = {
    for name, service in var.services : "deploy-${name}" => {
      image        = service.image
      work_dir     = "services/${name}"
      script       = service.deploy
      dependencies = ["test-${name}"]
      environment  = monkeyci_environment.prod.name
      if           = { main_branch = true, paths = ["services/${name}/**", "libs/**"] }
    } if length(service.deploy) > 0
  }
}

resource "monkeyci_pipeline" "shop" {
  org  = monkeyci_org.shop.id
  name = "shop"
  repo = monkeyci_repo.shop.id
  jobs = merge(local.tests, local.deployments)
}

# Who deploys is a maintainer, one job at a time.
resource "monkeyci_environment" "prod" {
  repo          = monkeyci_repo.shop.id
  name          = "prod"
  refs          = ["main"]
  approver_role = "maintainer"
}

resource "monkeyci_param" "prod" {
  for_each = var.prod
  scope    = monkeyci_environment.prod.id
  name     = each.key
  value    = each.value
}

# Params of all repositories of the team, those of tomorrow too.
resource "monkeyci_param_set" "team" {
  org           = monkeyci_org.shop.id
  name          = "team"
  label_filters = [{ team = "shop" }]
}

resource "monkeyci_param" "registry" {
  scope = monkeyci_param_set.team.id
  name  = "REGISTRY"
  value = "registry.example.com/shop"
}

resource "monkeyci_schedule" "nightly" {
  repo = monkeyci_repo.shop.id
  name = "nightly"
  cron = "0 3 * * 1-5"
}

resource "monkeyci_subscription" "failures" {
  org   = monkeyci_org.shop.id
  name  = "failures"
  to    = { webhook = { url = "https://hooks.example.com/shop" } }
  repos = [monkeyci_repo.shop.name]
  refs  = ["main"]
  on    = ["failed", "recovered", "waiting"]
}
