# shellcheck shell=bash
# Builds where people talk: the app between a server and a double of Slack.
# shellcheck disable=SC2154 # `place` is the story's own folder, made by scripts/show.

[ "${SHOW_COMPILED:-}" ] || cargo build --quiet --locked --release --package monkeyci-slack --package monkeyci-slack-emulator

port=$(( 20000 + RANDOM % 20000 ))
url="http://127.0.0.1:$port"
slack="http://127.0.0.1:$(( port + 1 ))"
app="http://127.0.0.1:$(( port + 2 ))"
field() { sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" | head -1; }
api() {
  local method="$1" path="$2" body="${3:-}"
  curl -sf -X "$method" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' ${body:+--data "$body"} "$url$path"
}
emulate() {
  local method="$1" path="$2" body="${3:-}"
  curl -sf -X "$method" -H 'Content-Type: application/json' ${body:+--data "$body"} "$slack/_emulator/$path"
}
types() { printf '%s: %s\n' "$1" "$2"; emulate POST command "{\"user\":\"$1\",\"channel\":\"builds\",\"text\":\"$2\"}" >/dev/null; }
presses() { printf '%s presses %s\n' "$1" "$2"; emulate POST click "{\"user\":\"$1\",\"channel\":\"$channel\",\"action_id\":\"$2\"}" >/dev/null; }
seen() { emulate GET "channels/$channel" | grep -qF -- "$1"; }
# Waits until the channel shows something.
shows() { await seen "$1"; printf '   #builds shows: %s\n' "$1"; }
commit() {
  printf '%s\n' "$2" >"$place/code/outcome"
  git -C "$place/code" add -A
  git -C "$place/code" -c user.name=Ann -c user.email=ann@example.com commit -q -m "$1"
  printf 'ann pushes: %s\n' "$1"
  api POST /v1/orgs/acme/repos/web/builds '{"branch":"main"}' >/dev/null
}

say "A repository with a job that can fail, and one that waits for a person"
git init -q -b main "$place/code"
mkdir "$place/code/.monkeyci"
cat >"$place/code/.monkeyci/build.yaml" <<'YAML'
- id: unit
  script: ['if [ $(cat outcome) != 0 ]; then echo "error: the login forgets where one came from"; exit 3; fi']
- id: deploy
  dependencies: [unit]
  blocked: true
  script: [echo deployed]
YAML

say "A server, and an integration for Slack"
monkeyci server --listen "127.0.0.1:$port" --state "$place/server" --processes 'acme/*' --allow-file >"$place/server.log" 2>&1 &
at_end kill $!
await grep -q 'login#token=' "$place/server.log"
token=$(sed -n 's/.*login#token=\([^ ]*\).*/\1/p' "$place/server.log" | head -1)
export MONKEYCI_SERVER="$url" MONKEYCI_TOKEN="$token"
api PUT /v1/orgs/acme '{}' >/dev/null
api PUT /v1/orgs/acme/repos/web "{\"url\":\"file://$place/code\"}" >/dev/null
api PUT /v1/orgs/acme/members/ann '{"role":"maintainer"}' >/dev/null
run 0 monkeyci service-account set slack viewer --integration --org acme
secret=$(api POST /v1/orgs/acme/service-accounts/slack/tokens '{"description":"the app","scope":{"org":"acme","role":"maintainer"}}' | field secret)

say "A double of Slack, with a workspace, a channel, and an app of the manifest that is printed"
slack-emulator --listen "127.0.0.1:$(( port + 1 ))" >"$place/slack.log" &
at_end kill $!
await curl -sf "$slack/_emulator/calls"
team=$(emulate POST workspaces '{"name":"Acme"}' | field team_id)
ann=$(emulate POST people "{\"team\":\"$team\",\"name\":\"ann\"}" | field user_id)
channel=$(emulate POST channels "{\"team\":\"$team\",\"name\":\"builds\",\"members\":[\"ann\"]}" | field channel_id)
monkeyci-slack manifest --server "$url" --url "$app" >"$place/manifest.json"
known=$(emulate POST apps "$(cat "$place/manifest.json")")
installed=$(emulate POST install "{\"app\":\"$(field app_id <<<"$known")\",\"team\":\"$team\"}")
emulate PATCH "channels/$channel" "{\"invite\":[\"$(field bot_user_id <<<"$installed")\"]}" >/dev/null
export MONKEYCI_ORG=acme SLACK_API_URL="$slack/api" MONKEYCI_SLACK_LISTEN="127.0.0.1:$(( port + 2 ))"
export MONKEYCI_TOKEN="$secret"
SLACK_BOT_TOKEN=$(field token <<<"$installed")
SLACK_SIGNING_SECRET=$(field signing_secret <<<"$known")
export SLACK_BOT_TOKEN SLACK_SIGNING_SECRET
run 0 monkeyci-slack doctor
monkeyci-slack serve >"$place/app.log" 2>&1 &
tells=$!
end_app() { kill "$tells" || true; }
at_end end_app
await curl -sf "$app/healthz"

say "Who is nobody yet is asked; then ann subscribes"
types ann "/build whoami"
shows "Who are you at MonkeyCI?"
api PUT "/v1/orgs/acme/chat-identities/slack/$team%2F$ann" '{"person":"ann"}' >/dev/null
types ann "/build whoami"
shows "You are \`ann\`"
types ann "/build subscribe web"
shows "This channel is told"

say "A build fails, and says why in one message; once more, and it is the same message"
commit "Remember where one came from" 3
shows "acme/web #1 FAILED on main: unit"
shows "error: the login forgets where one came from"
presses ann build.retry_failed
shows "acme/web #2 FAILED on main: unit"

say "It is mended, and waits for ann; she lets it go on"
commit "Remember it well" 0
shows "Approval needed: deploy of acme/web #3"
presses ann approval.approve
shows "acme/web #3 succeeded on main"
shows "acme/web #2 failed on main: unit; it is mended"

say "The app is killed, and starts again: nothing is lost, and nothing is told twice"
kill -9 "$tells"
wait "$tells" 2>/dev/null || true
commit "Forget it again" 3
monkeyci-slack serve >>"$place/app.log" 2>&1 &
tells=$!
# Another replica might still tell: it takes 16 seconds until one believes that there is none.
( sleep 16 )
shows "acme/web #4 FAILED on main: unit"
count=$(emulate GET "channels/$channel" | grep -o '"event_type":"monkeyci_build"' | wc -l)
printf 'messages of builds in the channel and its threads: %s\n' "$count"
