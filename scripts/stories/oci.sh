# shellcheck shell=bash
# Oracle Cloud: the front door, and what waits behind it. All of Oracle Cloud is a double on this machine.
# shellcheck disable=SC2154 # `place` is the story's own folder, made by scripts/show.

port=$(( 20000 + RANDOM % 20000 ))
cloud="http://127.0.0.1:$port"
queue=ocid1.queue.oc1.eu-frankfurt-1.triggers
subnet=ocid1.subnet.oc1.eu-frankfurt-1.jobs
compartment=ocid1.compartment.oc1..ci
export WEB_SECRET="a secret of sixteen letters"

say "Oracle Cloud, as strict as the real one: every signature is verified"
cargo build --quiet --locked --package monkeyci-oracle-emulator
"$target/debug/oracle-emulator" --listen "127.0.0.1:$port" --folder "$place/oci" >"$place/cloud.log" &
at_end kill $!
await curl -sf "$cloud/_control/settings"
await test -f "$place/oci/config"
curl -sf -X PUT "$cloud/_control/queues/$queue"
curl -sf -X PUT "$cloud/_control/subnets/$subnet"

cat >"$place/hook.toml" <<TOML
to = "$queue"
endpoint = "$cloud"
[oci]
config-file = "$place/oci/config"
[[hook]]
key = "web"
forge = "github"
repo = "acme/web"
url = "https://git.example.com/acme/web.git"
secrets = ["env:WEB_SECRET"]
TOML

say "Whether builds could run there, before anything does"
run 0 monkeyci doctor oci --hook "$place/hook.toml" --endpoint "$cloud" --compartment "$compartment" --subnet "$subnet" \
  --queue "$queue"

say "A push, as GitHub signs it"
commit=89abcdef0123456789abcdef0123456789abcdef
cat >"$place/push.json" <<JSON
{"ref": "refs/heads/main", "before": "0000000000000000000000000000000000000000", "after": "$commit", "created": true,
 "forced": false, "repository": {"id": 1, "full_name": "acme/web", "clone_url": "https://elsewhere.example.com/x.git",
 "default_branch": "main"}, "head_commit": {"id": "$commit", "message": "the first tests", "author": {"name": "Ann"}},
 "commits": [], "pusher": {"name": "ann"}, "sender": {"login": "ann"}}
JSON
sign() { openssl dgst -sha256 -hmac "$1" "$place/push.json" | sed 's/.*= /sha256=/'; }
signature=$(sign "$WEB_SECRET")

say "The front door as a plain service: a signed push is answered once it is in the queue"
door=$(( port + 1 ))
monkeyci hook --config "$place/hook.toml" --listen "127.0.0.1:$door" >"$place/door.log" 2>&1 &
service=$!
at_end eval 'kill "$service" 2>/dev/null || true'
await curl -sf "http://127.0.0.1:$door/healthz"
deliver() { # URL SIGNATURE ID
  curl -s -o "$place/answer" -w '%{http_code}\n' -X POST -H 'Content-Type: application/json' -H 'X-GitHub-Event: push' \
    -H "X-GitHub-Delivery: $3" -H "X-Hub-Signature-256: $2" --data-binary "@$place/push.json" "$1/webhook/github/web"
}
status=$(deliver "http://127.0.0.1:$door" "$signature" d-1)
cat "$place/answer" && echo
[ "$status" = 202 ] || fail "a signed push was answered $status: $(cat "$place/door.log")"
waits() { curl -sf "$cloud/_control/queues/$queue" | grep -o '"build/queued\|build/queued' | wc -l; }
[ "$(waits)" = 1 ] || fail "one trigger waits, and not $(waits)"

say "A forged one is not, and the queue does not hear of it"
status=$(deliver "http://127.0.0.1:$door" "$(sign "another secret")" d-2)
printf '%s %s\n' "$status" "$(cat "$place/answer")"
[ "$status" = 401 ] || fail "a forged push was answered $status"
[ "$(waits)" = 1 ] || fail "something else waits"

say "A queue that is slow: the forge is told in time to send it again"
curl -sf -X POST "$cloud/_control/faults" --data '{"kind": {"slow": {"ms": 20000}}, "method": "POST", "target": "/messages", "times": 0}'
began=$(date +%s)
status=$(deliver "http://127.0.0.1:$door" "$signature" d-3)
took=$(( $(date +%s) - began ))
printf '%s after %s s: %s\n' "$status" "$took" "$(cat "$place/answer")"
if [ "$status" != 503 ] || [ "$took" -ge 10 ]; then fail "forges wait for ten seconds"; fi
curl -sf -X DELETE "$cloud/_control/faults"
kill "$service" && wait "$service" 2>/dev/null || true

say "The same program as a function: Fn's socket, and the request of a gateway in headers"
mkdir "$place/iofs"
FN_FORMAT=http-stream FN_LISTENER="unix:$place/iofs/lsnr.sock" monkeyci hook --config "$place/hook.toml" >"$place/fn.log" 2>&1 &
function=$!
at_end eval 'kill "$function" 2>/dev/null || true'
await test -S "$place/iofs/lsnr.sock"
curl -s -D "$place/head" -o "$place/answer" --unix-socket "$place/iofs/lsnr.sock" -X POST http://fn/call \
  -H 'Fn-Intent: httprequest' -H 'Fn-Http-Method: POST' -H 'Fn-Http-Request-Url: /webhook/github/web' \
  -H 'Content-Type: application/json' -H 'Fn-Http-H-X-GitHub-Event: push' -H 'Fn-Http-H-X-GitHub-Delivery: d-4' \
  -H "Fn-Http-H-X-Hub-Signature-256: $signature" --data-binary "@$place/push.json"
grep -i '^fn-http-status\|^HTTP' "$place/head"
grep -qi '^fn-http-status: 202' "$place/head" || fail "the function did not take it in: $(cat "$place/fn.log")"
[ "$(waits)" -ge 2 ] || fail "the trigger of the function waits as well"

say "A server publishes what happens in builds to a queue"
events=ocid1.queue.oc1.eu-frankfurt-1.events
curl -sf -X PUT "$cloud/_control/queues/$events"
cat >"$place/server.toml" <<TOML
[events]
to = "$events"
endpoint = "$cloud"
[events.oci]
config-file = "$place/oci/config"
TOML
mkdir -p "$place/work/.monkeyci"
echo '[{id: unit, script: [echo passed]}]' >"$place/work/.monkeyci/build.yaml"
git init -q -b main "$place/work" && git -C "$place/work" add -A
git -C "$place/work" -c user.name=ann -c user.email=ann@example.com commit -qm "the first tests"
monkeyci server --config "$place/server.toml" --listen "127.0.0.1:$(( port + 2 ))" --state "$place/server" \
  --processes 'acme/*' --allow-file >"$place/server.log" 2>&1 &
server=$!
at_end eval 'kill "$server" 2>/dev/null || true'
url="http://127.0.0.1:$(( port + 2 ))"
await curl -sf "$url/readyz"
sed -n 's/.*#token=//p' "$place/server.log" | monkeyci login "$url" --token-stdin >/dev/null
monkeyci org add acme >/dev/null
monkeyci repo add acme/web "file://$place/work" >/dev/null
run 0 monkeyci run acme/web
ended() { curl -sf "$cloud/_control/queues/$events" | grep -q 'build/end'; }
await ended
# Each message has its type before its subject; the event in it has one as well.
curl -sf "$cloud/_control/queues/$events" | grep -o '"type\\":\\"[a-z/]*\\",\\"subject' | sed 's/.*:."//; s/.",.*//' | sort | uniq -c

say "A controller takes a trigger, builds, and ends"
folder="$place/triggers" store="file://$place/store"
sed "s|^to = .*|to = \"file://$folder\"|; /^endpoint/d; s|https://git.example.com/acme/web.git|file://$place/work|" \
  "$place/hook.toml" >"$place/folder.toml"
real=$(git -C "$place/work" rev-parse HEAD)
sed -i "s/$commit/$real/g" "$place/push.json"
monkeyci hook --config "$place/folder.toml" --listen "127.0.0.1:$(( port + 3 ))" >"$place/folder.log" 2>&1 &
at_end kill $!
await curl -sf "http://127.0.0.1:$(( port + 3 ))/healthz"
status=$(deliver "http://127.0.0.1:$(( port + 3 ))" "$(sign "$WEB_SECRET")" d-5)
[ "$status" = 202 ] || fail "a signed push was answered $status"
run 0 monkeyci run-build --store "$store" --queue "file://$folder" --executor process --allow-file
run 0 monkeyci --store "$store" builds acme/web

say "Jobs as container instances: the sidecar brings the workspace, and takes back logs and artifacts by a bucket"
image=registry.example.com/tools:1
curl -sf -X PUT "$cloud/_control/buckets/monkeyci"
curl -sf -X PATCH "$cloud/_control/settings" --data "{\"engine\": \"process\",
  \"entrypoints\": {\"registry.example.com/monkeyci:1\": [\"$target/release/monkeyci\"]}}"
domain=$(curl -sf "$cloud/_control/settings" | sed 's/.*"availabilityDomains":\["\([^"]*\)".*/\1/')
cat >"$place/oci.toml" <<TOML
compartment = "$compartment"
availability-domains = ["$domain"]
shapes = ["CI.Standard.E4.Flex"]
subnets = ["$subnet"]
sidecar-image = "registry.example.com/monkeyci:1"
bucket = "monkeyci"
poll-seconds = 1
instances-endpoint = "$cloud"
storage-endpoint = "$cloud"
[account]
config-file = "$place/oci/config"
TOML
export MONKEYCI_OCI_CONFIG="$place/oci.toml"
cat >"$place/work/.monkeyci/build.yaml" <<YAML
- id: make
  image: $image
  script: ['echo made by \$MONKEYCI_JOB', 'echo warned >&2', 'seq 1000 > numbers']
  save-artifacts: [{id: numbers, path: numbers}]
- id: count
  image: $image
  dependencies: [make]
  restore-artifacts: [{id: numbers, path: numbers}]
  script: ['wc -l < numbers']
- {id: fail, image: $image, dependencies: [count], allow-failure: true, script: ['exit 7']}
YAML
# What a build says, without how long it took.
told() { sed -E 's/[0-9.]+ ?(ms|s)\b/…/g' "$1" | grep -E 'made by|warned|1000|exit|fail' | sort; }
run 0 monkeyci build "$place/work" --executor oci >"$place/by-oci" 2>&1
cat "$place/by-oci"
left() { curl -sf "$cloud/_control/seen" | grep -o '"DELETE /20210415/containerInstances/[^"]*' | sort -u | wc -l; }
[ "$(left)" = 3 ] || fail "three instances were made, and $(left) removed"

say "A signed push, from the function to the status of its commit: the function starts a controller, which tells the forge"
cargo build --quiet --locked --package monkeyci-tests --example github
"$target/debug/examples/github" >"$place/forge.url" &
at_end kill $!
await test -s "$place/forge.url"
forge=$(cat "$place/forge.url")
pushes=ocid1.queue.oc1.eu-frankfurt-1.pushes
curl -sf -X PUT "$cloud/_control/queues/$pushes"
curl -sf -X PUT "$cloud/_control/buckets/builds"
store="oci://$(curl -sf "$cloud/_control/settings" | sed 's/.*"namespace":"\([^"]*\)".*/\1/')/builds/ci"
export OCI_CLI_CONFIG_FILE="$place/oci/config" OCI_CONFIG_FILE="$place/oci/config" OCI_CLI_ENDPOINT="$cloud"
printf 'ghs_0123456789-of-acme' >"$place/forge.token"
cat >"$place/report.toml" <<TOML
[[report]]
repo = "acme/web"
forge = "github"
api = "$forge"
token = "file:$place/forge.token"
TOML
sed "s|^to = .*|to = \"$pushes\"|; s|https://git.example.com/acme/web.git|file://$place/work|" "$place/hook.toml" >"$place/cloud.toml"
cat >>"$place/cloud.toml" <<TOML
[start]
program = ["$target/release/monkeyci", "run-build", "--store", "$store", "--queue", "$pushes", "--queue-endpoint", "$cloud",
  "--executor", "oci", "--allow-file", "--report", "$place/report.toml"]
TOML
git -C "$place/work" -c user.name=ann -c user.email=ann@example.com commit -qam "jobs in images"
real=$(git -C "$place/work" rev-parse HEAD)
sed -i "s/\"after\": \"[0-9a-f]*\"/\"after\": \"$real\"/; s/\"head_commit\": {\"id\": \"[0-9a-f]*\"/\"head_commit\": {\"id\": \"$real\"/" \
  "$place/push.json"
mkdir "$place/fn"
FN_FORMAT=http-stream FN_LISTENER="unix:$place/fn/lsnr.sock" monkeyci hook --config "$place/cloud.toml" >"$place/pushes.log" 2>&1 &
at_end kill $!
await test -S "$place/fn/lsnr.sock"
curl -s -D "$place/head" -o "$place/answer" --unix-socket "$place/fn/lsnr.sock" -X POST http://fn/call \
  -H 'Fn-Intent: httprequest' -H 'Fn-Http-Method: POST' -H 'Fn-Http-Request-Url: /webhook/github/web' \
  -H 'Content-Type: application/json' -H 'Fn-Http-H-X-GitHub-Event: push' -H 'Fn-Http-H-X-GitHub-Delivery: d-6' \
  -H "Fn-Http-H-X-Hub-Signature-256: $(sign "$WEB_SECRET")" --data-binary "@$place/push.json"
grep -i '^fn-http-status' "$place/head"
statuses() { curl -sf "$forge/repos/acme/web/commits/$real/statuses" | grep -o '"description":"[^"]*"\|"state":"[^"]*"'; }
is_told() { statuses | grep -q '"state":"success"'; }
for _ in $(seq 600); do is_told && break; sleep 0.2; done
is_told || fail "the commit is not told of: $(statuses) $(cat "$place/pushes.log")"
statuses
run 0 monkeyci --store "$store" show acme/web/1

busybox="$(command -v busybox || true)"
if docker info >/dev/null 2>&1 && [ -n "$busybox" ]; then
  say "The same in Docker says the same"
  mkdir -p "$place/image/bin"
  cp "$busybox" "$place/image/bin/busybox"
  for name in sh echo cat seq wc; do ln -sf busybox "$place/image/bin/$name"; done
  tar -C "$place/image" -c . | docker import - "$image" >/dev/null 2>&1
  at_end docker rmi -f "$image"
  run 0 monkeyci build "$place/work" --executor docker >"$place/by-docker" 2>&1
  diff <(told "$place/by-oci") <(told "$place/by-docker") || fail "the two differ"
else
  skip "docker: the same build there"
fi
