# MonkeyCI in Oracle Cloud without a server: a function takes in webhooks, container instances build.
# The guide is docs/guide/oci.md.

terraform {
  required_version = ">= 1.11"
  required_providers {
    oci = {
      source  = "oracle/oci"
      version = ">= 6.0"
    }
  }
}

# Who sets it up, by the usual configuration of Oracle's tools.
provider "oci" {
  region              = var.region
  config_file_profile = var.profile
}

# Dynamic groups and policies are made in the home region of a tenancy.
provider "oci" {
  alias               = "home"
  region              = coalesce(var.home_region, var.region)
  config_file_profile = var.profile
}
