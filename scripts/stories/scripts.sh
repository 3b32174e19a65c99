# shellcheck shell=bash
# Scripts are programs: computed jobs, plugins, unit tests, and a build that can be asked.
# shellcheck disable=SC2154 # `place` is the story's own folder, made by scripts/show.

command -v cargo >/dev/null || { skip "cargo is not installed, and scripts in Rust need it"; return; }

say "From an empty folder to a script with tests"
mkdir -p "$place/web" && cd "$place/web"
run 0 monkeyci init --lang rust
run 0 monkeyci test
run 0 monkeyci plan
run 0 monkeyci plan --tag v1.0.0
run 0 monkeyci build --tag v1.0.0 --approve release
cd "$OLDPWD"

say "Planned again, nothing is compiled: a few milliseconds over running the program"
time_plan() { local from; from=$(date +%s%N); monkeyci plan "$place/web" >/dev/null; echo $((($(date +%s%N) - from) / 1000000)); }
printf '$ monkeyci plan     # took %s ms\n' "$(time_plan)"

say "The tests of a script run before its build, and stop it"
run 1 monkeyci build examples/failing-script-test
run 0 monkeyci build --no-script-tests examples/failing-script-test

say "Only what changed is built, and what depends on it"
run 0 monkeyci plan examples/monorepo --changed crates/text/src/lib.rs
run 0 monkeyci plan examples/monorepo --changed README.md

say "YAML and a program in one folder: plugins, artifacts, and an action that asks its build"
run 0 monkeyci build examples/mixed

say "A script of 380 lines: what it plans for a release, and for a change of documentation"
run 0 monkeyci test examples/monkeyci-script
run 0 monkeyci plan examples/monkeyci-script --tag 1.2.3
run 0 monkeyci plan examples/monkeyci-script --branch main --changed docs/index.md

script() {
  mkdir -p "$place/$1/.monkeyci/src"
  cp "$place/web/.monkeyci/Cargo.toml" "$place/$1/.monkeyci/"
  cat >"$place/$1/.monkeyci/src/main.rs"
}

say "A script that breaks says how, with what it printed"
script crash <<'RUST'
use monkeyci_sdk::prelude::*;

fn plan(_: &Ctx) -> Plan {
    println!("looking for the version");
    let version: Option<&str> = None;
    process("release").run(version.expect("there is a version")).into()
}

monkeyci_sdk::main!(plan);
RUST
run 1 monkeyci plan "$place/crash"
script cycle <<'RUST'
use monkeyci_sdk::prelude::*;

fn plan(_: &Ctx) -> Plan {
    Plan::from((process("one").after(process("two")), process("two").after(process("one"))))
}

monkeyci_sdk::main!(plan);
RUST
run 1 monkeyci plan "$place/cycle"

say "A secret that a script copies, prints and keeps as a result is nowhere in the clear"
script secret <<'RUST'
use monkeyci_sdk::prelude::*;

fn plan(ctx: &Ctx) -> Plan {
    let token = ctx.get("TOKEN").unwrap_or_default().to_owned();
    println!("planning with {token}");
    let copied = process("copied").env("LOGIN", token.clone()).run("echo \"logging in with $LOGIN\"");
    let kept = action("kept", move |act: &Act| {
        act.say(&format!("acting with {token}"));
        Outcome::success().message(format!("used {token}")).value("token", token.clone())
    });
    Plan::from((copied, kept))
}

monkeyci_sdk::main!(plan);
RUST
export TOKEN=s3cr3t-wombat-42
run 0 monkeyci build --secret TOKEN "$place/secret"
monkeyci build --json --secret TOKEN "$place/secret" >"$place/events" 2>&1 || fail "the build failed: $(cat "$place/events")"
unset TOKEN
if grep -q s3cr3t-wombat-42 "$place/events"; then fail "the secret is in the events"; fi
if grep -rq s3cr3t-wombat-42 "$XDG_DATA_HOME" "$XDG_CACHE_HOME"; then fail "the secret is on disk"; fi

say "A plan that comes out different is refused when it acts, and the difference is shown"
script chance <<'RUST'
use monkeyci_sdk::prelude::*;

fn plan(_: &Ctx) -> Plan {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    action("late", |_: &Act| {}).env("NOW", now.as_nanos().to_string()).into()
}

monkeyci_sdk::main!(plan);
RUST
run 1 monkeyci build "$place/chance"

say "A shell in the place of a job, with its variables and files"
printf '$ echo %s | monkeyci debug test\n' "'echo I am in \$MONKEYCI_JOB; exit 7'"
code=0
echo 'echo I am in $MONKEYCI_JOB; exit 7' | monkeyci debug test "$place/web" || code=$?
[ "$code" = 7 ] || fail "the shell's exit code is $code, not 7"

say "Another language: the kit asks a script in Rust, and one in Python"
cargo build --quiet --locked --release --package monkeyci-conformance --bins --examples
run 0 "$target/release/monkeyci-conformance" "$target/release/examples/reference"
if python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
  run 0 "$target/release/monkeyci-conformance" python3 sdk/conformance/examples/reference.py
else
  skip "python 3.10 is not installed"
fi
