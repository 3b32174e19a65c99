# "https://git.example.com/acme/web.git"
output "https" {
  value = provider::monkeyci::repo_url_parse("git@git.example.com:acme/web.git").https
}
