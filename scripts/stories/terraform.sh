# shellcheck shell=bash
# A newcomer with Terraform: a server that hands out its own provider, a repository, a push, and a change by hand.
# shellcheck disable=SC2154 # `place` is the story's own folder, made by scripts/show.

command -v terraform >/dev/null || fail "this story needs \`terraform\`, from 1.11 on"
cargo build --quiet --locked --release --package terraform-provider-monkeyci

port=$(( 20000 + RANDOM % 20000 ))
host="localhost:$port"

say "A server with a certificate of its own: Terraform takes providers over TLS only"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout "$place/authority.key" \
  -out "$place/authority.pem" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout "$place/tls.key" -subj /CN=localhost -out "$place/tls.csr" 2>/dev/null
openssl x509 -req -in "$place/tls.csr" -CA "$place/authority.pem" -CAkey "$place/authority.key" -CAcreateserial -days 2 \
  -extfile <(echo "subjectAltName=DNS:localhost") -out "$place/tls.crt" 2>/dev/null
export SSL_CERT_FILE="$place/authority.pem" CURL_CA_BUNDLE="$place/authority.pem"
cat >"$place/server.toml" <<TOML
listen = "127.0.0.1:$port"
public-url = "https://$host"
state = "server"
tls = { certificate = "tls.crt", key = "tls.key" }
# In this story jobs are plain processes, and repositories on this machine.
executor = { processes = ["acme/*"] }
sources = { http = true, private = true }
TOML
monkeyci server --config "$place/server.toml" >>"$place/server.log" 2>&1 &
server=$!
at_end kill "$server"
await curl -sf "https://$host/readyz"
MONKEYCI_TOKEN=$(sed -n 's/.*#token=//p' "$place/server.log")
[ -n "$MONKEYCI_TOKEN" ] || fail "no link to sign in with was printed"
export MONKEYCI_TOKEN MONKEYCI_SERVER="https://$host"
run 0 monkeyci whoami

say "A repository without a script of its own, served by git over http on this machine"
git init -q -b main "$place/work"
commit() { git -C "$place/work" -c user.name=ann -c user.email=ann@example.com commit -q --allow-empty -m "$1"; }
commit "the first commit"
git clone -q --bare "$place/work" "$place/web.git"
git -C "$place/web.git" update-server-info
forge=$(( port + 1 ))
python3 -m http.server --bind 127.0.0.1 --directory "$place" "$forge" >/dev/null 2>&1 &
web=$!
at_end kill "$web"
await curl -sf "http://127.0.0.1:$forge/web.git/info/refs"

say "The guide's main.tf, with this server as the host of the provider"
mkdir "$place/infra"
sed -e "s#ci.example.com/#$host/#" -e "s#https://git.example.com/acme/web.git#http://127.0.0.1:$forge/web.git#" \
  -e '/^ *image /d' terraform-provider/examples/quick-start/main.tf >"$place/infra/main.tf"
cat "$place/infra/main.tf"
export TF_IN_AUTOMATION=1 TF_INPUT=0 CHECKPOINT_DISABLE=1 TF_CLI_CONFIG_FILE="$place/terraformrc"
echo 'disable_checkpoint = true' >"$TF_CLI_CONFIG_FILE"
TF_VAR_webhook_secret=$(openssl rand -hex 20)
export TF_VAR_webhook_secret
terraform() { (cd "$place/infra" && command terraform "$@" -no-color); }

say "terraform init takes the provider from the server, and holds on to its hashes"
run 0 terraform init
grep -A 20 '^provider' "$place/infra/.terraform.lock.hcl"
grep -q 'h1:' "$place/infra/.terraform.lock.hcl" || fail "the lock file has no hash"

say "terraform apply"
run 0 terraform apply -auto-approve
run 0 terraform plan -detailed-exitcode
hook=$(cd "$place/infra" && command terraform output -raw webhook)

say "A push, signed as GitHub signs: the job that stands in main.tf runs"
before=$(git -C "$place/work" rev-parse HEAD)
commit "a change"
after=$(git -C "$place/work" rev-parse HEAD)
git -C "$place/work" push -q "$place/web.git" main && git -C "$place/web.git" update-server-info
cat >"$place/push" <<JSON
{"ref":"refs/heads/main","before":"$before","after":"$after","created":false,"deleted":false,"forced":false,
 "head_commit":{"id":"$after","message":"a change","author":{"name":"ann"}},"commits":[],
 "repository":{"id":1,"full_name":"acme/web","default_branch":"main"},"sender":{"login":"ann"}}
JSON
signature=$(openssl dgst -sha256 -hmac "$TF_VAR_webhook_secret" "$place/push" | sed 's/.* //')
code=$(curl -s -o /dev/null -w '%{http_code}' -H 'X-GitHub-Event: push' -H 'X-GitHub-Delivery: one' \
  -H "X-Hub-Signature-256: sha256=$signature" -H 'Content-Type: application/json' --data-binary "@$place/push" "$hook")
[ "$code" = 202 ] || fail "the push was answered with $code"
ended() { monkeyci show acme/web/1 --json | grep -q '"status": *"success"'; }
await ended
run 0 monkeyci builds acme/web
run 0 monkeyci logs acme/web/1 test
monkeyci logs acme/web/1 test | grep -q 'Hello, Earth' || fail "the job did not get its param"

say "Somebody changes the schedule by hand; the plan shows it, and the apply takes it back"
run 0 monkeyci schedule set nightly '0 1 * * *' --timezone Europe/Brussels --repo acme/web
run 2 terraform plan -detailed-exitcode
run 0 terraform apply -auto-approve
monkeyci schedule list --repo acme/web | grep -q '0 3 \* \* \*' || fail "the schedule is not as it was declared"
run 0 terraform plan -detailed-exitcode

say "What the server would refuse, the plan refuses, at its line"
sed -i 's/0 3 \* \* \*/0 30 * * */' "$place/infra/main.tf"
run 1 terraform plan
sed -i 's/0 30 \* \* \*/0 3 * * */' "$place/infra/main.tf"

say "The secret is in no file of Terraform's"
terraform plan -out=saved >/dev/null
if grep -rqF "$TF_VAR_webhook_secret" "$place/infra"; then fail "a file holds the secret"; fi
(cd "$place/infra" && ls -A)

say "An organisation is not removed by mistake"
run 1 terraform destroy -auto-approve
sed -i 's/^  slug = "acme"$/  slug = "acme"\n  deletion_protection = false/' "$place/infra/main.tf"
run 0 terraform apply -auto-approve
run 0 terraform destroy -auto-approve
