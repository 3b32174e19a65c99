terraform {
  required_version = ">= 1.11"
  required_providers {
    monkeyci = {
      source = "ci.example.com/monkeyci/monkeyci"
    }
  }
}

# The token comes from the variable MONKEYCI_TOKEN, and so is in no file.
provider "monkeyci" {
  url = "https://ci.example.com"
  org = "acme" # for all that name none
}
