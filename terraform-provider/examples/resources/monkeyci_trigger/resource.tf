resource "monkeyci_trigger" "after_lib" {
  repo        = monkeyci_repo.web.id
  name        = "after-lib"
  source      = monkeyci_repo.lib.id
  refs        = ["main", "release/*"]
  pass_params = ["VERSION"]
}
