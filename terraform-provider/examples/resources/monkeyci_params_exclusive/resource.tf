resource "monkeyci_param" "level" {
  scope = monkeyci_repo.web.id
  name  = "LEVEL"
  value = "info"
}

# Params of the repository that are not listed here are removed.
resource "monkeyci_params_exclusive" "web" {
  scope = monkeyci_repo.web.id
  names = [monkeyci_param.level.name]
}
