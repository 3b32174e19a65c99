resource "monkeyci_subscription" "failures" {
  org  = monkeyci_org.acme.id
  name = "failures"
  to   = { webhook = { url = "https://hooks.example.com/ci" } }
  refs = ["main"]
  on   = ["failed", "recovered"]
}
