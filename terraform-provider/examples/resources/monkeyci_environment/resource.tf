resource "monkeyci_environment" "prod" {
  repo          = monkeyci_repo.web.id
  name          = "prod"
  refs          = ["main"]
  approver_role = "maintainer"
  prevent_self  = true # nobody lets their own push out
  description   = "What customers see"
}

# Only jobs of this environment get it.
resource "monkeyci_param" "prod_region" {
  scope = monkeyci_environment.prod.id
  name  = "REGION"
  value = "eu-west-1"
}
