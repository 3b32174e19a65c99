# shellcheck shell=bash
# The server: triggers in, builds out, watched.
# shellcheck disable=SC2154 # `place` is the story's own folder, made by scripts/show.

port=$(( 20000 + RANDOM % 20000 ))
url="http://127.0.0.1:$port"
serve() {
  monkeyci server --listen "127.0.0.1:$port" --state "$place/server" --processes 'acme/*' --allow-private --allow-http \
    >>"$place/server.log" 2>&1 &
  server=$!
  await curl -sf "$url/readyz"
}
api() {
  local method="$1" path="$2" body="${3:-}"
  curl -sf -X "$method" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' ${body:+--data "$body"} "$url$path"
}
# What stands in a field of an answer.
field() { sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" | head -1; }

say "A repository, served by git over http on this machine"
git init -q -b main "$place/work"
mkdir "$place/work/.monkeyci"
cat >"$place/work/.monkeyci/build.yaml" <<'YAML'
- id: unit
  script: ['for n in 1 2 3 4 5 6 7 8; do echo "test $n passed"; sleep 0.5; done']
- id: package
  dependencies: [unit]
  script: [echo packed > app.txt]
  save-artifacts: [{id: app, path: app.txt}]
- id: deploy
  dependencies: [package]
  blocked: true
  params: [REGION]
  script: ['echo deployed to $REGION']
YAML
commit() { git -C "$place/work" -c user.name=ann -c user.email=ann@example.com commit -q --allow-empty -m "$1"; }
git -C "$place/work" add -A && commit "the first tests"
git clone -q --bare "$place/work" "$place/web.git"
git -C "$place/web.git" update-server-info
forge=$(( port + 1 ))
python3 -m http.server --bind 127.0.0.1 --directory "$place" "$forge" >/dev/null 2>&1 &
web=$!
at_end kill "$web"
await curl -sf "http://127.0.0.1:$forge/web.git/info/refs"

say "monkeyci server, in an empty folder: one command, and a link to sign in with"
serve
at_end eval 'kill "$server"'
sed "s/token=.*/token=…/" "$place/server.log"
token=$(sed -n 's/.*#token=//p' "$place/server.log")
[ -n "$token" ] || fail "no link to sign in with was printed"

say "An organisation, a repository, a param, and a webhook of GitHub"
api PUT /v1/orgs/acme '{"name":"Acme"}' >/dev/null
api PUT /v1/orgs/acme/repos/web "{\"url\":\"http://127.0.0.1:$forge/web.git\"}" >/dev/null
api PUT /v1/orgs/acme/params/REGION '{"value":"eu-west"}' >/dev/null
api POST /v1/orgs/acme/repos/web/hooks '{"forge":"github"}' >"$place/hook"
hook=$(field url <"$place/hook") secret=$(field secret <"$place/hook")

say "A push, signed as GitHub signs: answered once it is safe"
before=$(git -C "$place/work" rev-parse HEAD)
commit "faster tests"
after=$(git -C "$place/work" rev-parse HEAD)
git -C "$place/work" push -q "$place/web.git" main && git -C "$place/web.git" update-server-info
cat >"$place/push" <<JSON
{"ref":"refs/heads/main","before":"$before","after":"$after","created":false,"deleted":false,"forced":false,
 "head_commit":{"id":"$after","message":"faster tests","author":{"name":"ann"}},"commits":[],
 "repository":{"id":1,"full_name":"acme/web","default_branch":"main"},"sender":{"login":"ann"}}
JSON
deliver() {
  local signature
  signature=$(openssl dgst -sha256 -hmac "$secret" "$place/push" | sed 's/.* //')
  curl -s -o /dev/null -w '%{http_code}\n' -H 'X-GitHub-Event: push' -H "X-GitHub-Delivery: $1" \
    -H "X-Hub-Signature-256: sha256=$signature" -H 'Content-Type: application/json' --data-binary "@$place/push" "$hook"
}
[ "$(deliver one)" = 202 ] || fail "the push was not taken"
[ "$(deliver two)" = 202 ] || fail "the same push by another delivery was not taken"
known="$secret" secret=wrong
[ "$(deliver three)" = 401 ] || fail "a forged push was taken"
secret="$known"

build=/v1/orgs/acme/repos/web/builds/1
says() { api GET "$build" | grep -q "$1"; }
await says '"status":"running"'
log() { api GET "$build/jobs/unit/attempts/1/log"; }
tells() { log | grep -q "$1"; }
await tells 'test 2 passed'

say "kill -9 of the server, in the middle of a job; the job goes on without it"
kill -9 "$server"
wait "$server" 2>/dev/null || true
serve
at_end eval 'kill "$server"'
await says '"status":"blocked"'
printf '$ the log of `unit`, over both servers\n'
log
[ "$(log | wc -l)" = 8 ] || fail "lines of the log are missing, or there twice"
says '"attempt":1' || fail "the job was started anew"

say "It waits for a person; approved, it ends"
api POST "$build/jobs/deploy/approve" '{}' >/dev/null
await says '"status":"success"'
api GET "$build/jobs/deploy/attempts/1/log"
api GET /v1/orgs/acme/repos/web/builds | grep -q '"number":2' && fail "one push was built twice"
api GET "$build/artifacts/app" >"$place/app.tar.zst"
[ -s "$place/app.tar.zst" ] || fail "the artifact is not there"

say "A badge for everybody who may see it"
api GET /v1/orgs/acme/repos/web/badge.svg | grep -q passing || fail "the badge does not say so"
