# shellcheck shell=bash
# The build loop: a checkout goes in, a finished build comes out.
# shellcheck disable=SC2154 # `place` is the story's own folder, made by scripts/show.

say "A build of an example, as processes"
run 0 monkeyci build examples/hello

say "The same in JSON and in EDN"
run 0 monkeyci build -q examples/hello-json
run 0 monkeyci build -q examples/hello-edn

say "What would run, as a table and as a picture"
run 0 monkeyci plan examples/diamond
run 0 monkeyci plan examples/diamond --format mermaid
run 0 monkeyci build --dry-run -q examples/diamond

say "A failure stops what depends on it, and nothing else"
run 1 monkeyci build examples/failing

say "Files pass from job to job, and a cache from build to build"
run 0 monkeyci build examples/artifacts
printf '$ monkeyci build examples/artifacts | grep "from the cache"\n'
monkeyci build examples/artifacts >"$place/second" 2>&1 || fail "the second build failed: $(cat "$place/second")"
grep "from the cache\$" "$place/second" || fail "the cache was not used: $(cat "$place/second")"

say "The tests of a Rust project, and of a Node project with its report"
run 0 monkeyci build examples/rust
if command -v node >/dev/null; then
  run 0 monkeyci build --junit "$place/report.xml" examples/node
  grep -q 'words are joined by dashes' "$place/report.xml" || fail "the report does not name the tests"
else
  skip "node is not installed"
fi

say "A script with a mistake: the picture says where, and what was meant"
mkdir -p "$place/wrong/.monkeyci"
printf -- '- id: test\n  scirpt: [make]\n' >"$place/wrong/.monkeyci/build.yaml"
run 1 monkeyci verify "$place/wrong"

say "A secret goes into a job, and never comes out"
mkdir -p "$place/secret/.monkeyci"
cat >"$place/secret/.monkeyci/build.yaml" <<'YAML'
- id: login
  params: [TOKEN]
  script: ['test -n "$TOKEN" && echo "logging in with $TOKEN"']
YAML
export TOKEN=s3cr3t-wombat-42
run 0 monkeyci build --secret TOKEN "$place/secret"
unset TOKEN
if grep -rq s3cr3t-wombat-42 "$XDG_DATA_HOME" "$XDG_CACHE_HOME"; then fail "the secret is on disk"; fi

say "No script at all"
mkdir -p "$place/empty"
run 3 monkeyci build "$place/empty"

say "kill -9 in the middle of a build: its processes die, and it goes on where it was"
mkdir -p "$place/long/.monkeyci"
cat >"$place/long/.monkeyci/build.yaml" <<YAML
- id: first
  script: [echo first >> $place/started]
- id: second
  dependencies: [first]
  script:
    - echo second >> $place/started
    - test -e $place/go || exec sleep 987654
- id: third
  dependencies: [second]
  script: [echo third >> $place/started]
YAML
monkeyci build -q "$place/long" >"$place/killed" 2>&1 &
await grep -q second "$place/started"
await pgrep -f 'sleep 98765[4]'
kill -9 $!
wait $! 2>/dev/null || true
touch "$place/go"
run 0 monkeyci build --resume 1 "$place/long"
if pgrep -f 'sleep 98765[4]' >/dev/null; then fail "a process of the dead build is still there"; fi
printf '$ cat started\n'
cat "$place/started"
[ "$(tr '\n' ' ' <"$place/started")" = "first second second third " ] || fail "a job that had ended was run again, or one is missing"

# Podman has no daemon: where nothing speaks for it, the story starts what does, and stops it at its end.
start_podman() {
  local socket="$place/podman.sock" podman=(podman --cgroup-manager cgroupfs) runc
  # Some hosts have a cgroup tree that the usual runtime refuses.
  runc=$(PATH="$PATH:/usr/sbin" command -v runc) && podman+=(--runtime "$runc")
  # The monitors of containers leave files in the folder that they were started in.
  (cd "$place" && exec "${podman[@]}" system service --time 0 "unix://$socket") >"$place/podman.log" 2>&1 &
  podman_service=$!
  at_end stop_podman
  for _ in $(seq 200); do
    if [ -S "$socket" ]; then
      export CONTAINER_HOST="unix://$socket"
      return 0
    fi
    kill -0 "$podman_service" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}
stop_podman() {
  kill "$podman_service" 2>/dev/null || true
  wait "$podman_service" 2>/dev/null || true
}

for engine in docker podman; do
  say "A job in a container, with $engine"
  command -v "$engine" >/dev/null || { skip "$engine is not installed"; continue; }
  if [ "$engine" = podman ] && [ -z "${CONTAINER_HOST:-}" ] && [ ! -S /run/podman/podman.sock ] && ! start_podman; then
    skip "podman's service does not start: $(tail -n 1 "$place/podman.log")"
    continue
  fi
  if ! "$engine" info >/dev/null 2>&1; then skip "$engine does not answer"; continue; fi
  busybox=$(command -v busybox) || { skip "busybox is not installed"; continue; }
  mkdir -p "$place/image/bin" "$place/boxed/.monkeyci"
  cp "$busybox" "$place/image/bin/busybox"
  for name in sh echo cat ls id; do ln -sf busybox "$place/image/bin/$name"; done
  tar -C "$place/image" -c . | "$engine" import - monkeyci-show:latest >/dev/null 2>&1
  cat >"$place/boxed/.monkeyci/build.yaml" <<YAML
- id: boxed
  image: monkeyci-show:latest
  pull: never
  script: [ls /, 'echo "\$MONKEYCI_JOB, as \$(id -u), in $engine"']
YAML
  run 0 monkeyci build --executor "$engine" "$place/boxed"
  "$engine" rmi -f monkeyci-show:latest >/dev/null
  for record in "$XDG_DATA_HOME"/monkeyci/boxed-*/*/invocation.json; do
    instance=$(sed 's/.*"instance":"\([^"]*\)".*/\1/' "$record")
    [ -z "$("$engine" ps -aq --filter "label=monkeyci.instance=$instance")" ] || fail "a container is left"
  done
done
