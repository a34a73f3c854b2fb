#!/usr/bin/env bash
# Runs the checks in order, stops at the first that fails, and ends with a table of what ran.
#
#   tests/run.sh all    everything: `make test`, and CI
#   tests/run.sh rust   the Rust suite on SQLite
#   tests/run.sh e2e    the journeys in Chromium
set -Eeuo pipefail
cd "$(dirname "$0")/.."
if [[ ! ${1:-} =~ ^(all|rust|e2e)$ ]]; then
  sed -n 's/^#   //p' tests/run.sh >&2
  exit 2
fi
source tests/services.sh

export CARGO_TERM_COLOR=never
[[ -t 1 ]] && CARGO_TERM_COLOR=always
# What incremental compilation writes is of no use to a clone that is thrown away.
[[ ${CI:-} ]] && export CARGO_INCREMENTAL=0
# Set, these choose PostgreSQL and Redis for the Rust suite; only this script sets them.
unset TEST_POSTGRES_URL TEST_REDIS_URL

# shellcheck disable=SC2034 # start_platform runs it
server=$(realpath -m "${CARGO_TARGET_DIR:-target}")/debug/fastgpt-platform
passed=0 failed=0 skipped=0
rows=()
failures=() # a line or a few each, for the end

# --- Steps ----------------------------------------------------------------------------------------------------------

# step <heading> <command…>
step() {
  running=$1 since=$SECONDS
  printf '\n\n=== %s\n\n' "$running"
  "${@:2}"
  row ok
  running=
}

row() { # <outcome>
  local took=$((SECONDS - since))
  rows+=("$(printf '%-8s %3d:%02d  %s' "$1" $((took / 60)) $((took % 60)) "$running")")
}

finish() {
  local status=$?
  set +e
  trap '' INT TERM HUP # clean up in peace
  if [[ ${running:-} ]]; then
    row "$( ((status > 128)) && echo STOPPED || echo FAILED)"
    # Formatters and builds count no tests; a run that failed still never ends on "0 failed".
    ((failed)) || failed=1
    for log in "$scratch"/platform-*/log; do
      [[ -s $log ]] && printf '\n--- the end of %s\n' "$log" && tail -n 40 "$log"
    done
  fi
  allow_service_starts
  stop_services

  printf '\n\n=== What ran, in %d:%02d minutes\n\n' $((SECONDS / 60)) $((SECONDS % 60))
  printf '%s\n' "${rows[@]}" ''
  printf '%d passed, %d failed' "$passed" "$failed"
  ((skipped)) && printf ', %d skipped' "$skipped"
  echo
  ((${#failures[@]})) && printf '\n%s\n' "${failures[@]}"
  exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

count() { # <passed> <failed> <skipped>
  passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# What failed, said again below the table: of a long run often only the last lines are kept.
name_failures() { # <command that prints them>
  local line
  while IFS= read -r line; do failures+=("$line"); done < <("$@" 2>/dev/null)
}

# --- What is needed -------------------------------------------------------------------------------------------------

install_rust_tools() {
  if ! cargo fmt --version || ! cargo clippy --version; then rustup component add rustfmt clippy; fi
  if ! cargo nextest --version; then cargo install --locked cargo-nextest; fi
}

install_packages() {
  local missing=()
  command -v curl || missing+=(curl)
  postgres_bin || missing+=(postgresql)
  command -v redis-server || missing+=(redis-server)
  command -v chromium || missing+=(chromium)
  # The console speaks Chinese, and screenshots show it.
  [[ $(fc-list :lang=zh 2>/dev/null) ]] || missing+=(fontconfig fonts-noto-cjk)
  install_missing "${missing[@]}"
}

start_stores() {
  start_postgres
  start_redis
}

# --- Rust -----------------------------------------------------------------------------------------------------------

rust_suite() {
  local status=0 log=$scratch/nextest.log counts
  cargo nextest run --workspace --locked 2>&1 | tee --ignore-interrupts "$log" || status=$?
  # "Summary [ 1.2s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 2 skipped": what did not pass failed.
  counts=$(sed -E 's/\x1b\[[0-9;]*m//g' "$log" |
    sed -nE 's/^ *Summary \[.*\] +([0-9]+)(\/[0-9]+)? tests? run: ([0-9]+) passed.* ([0-9]+) skipped.*/\3 \1-\3 \4/p')
  if [[ $counts ]]; then
    # shellcheck disable=SC2086 # three numbers
    count $counts
  elif ((status == 0)); then
    echo "nextest's summary was not understood" >&2
    status=1
  fi
  ((status == 0)) || name_failures rust_failures "$log"
  return "$status"
}

rust_failures() { # <log>
  sed -E 's/\x1b\[[0-9;]*m//g' "$1" | grep -E '^ *(FAIL|TIMEOUT|SIGABRT|SIGSEGV|LEAK-FAIL) \[|^error(\[|:)|panicked at ' | sort --unique | head -n 20
}

# The same artifacts as the suite's, where `cargo build` might choose other features and compile anew.
build_server() {
  cargo nextest run --workspace --locked --no-run
}

schema_is_current() {
  "$server" schema | diff --unified schema.graphql - && return
  echo 'schema.graphql is not what the server speaks: make schema' >&2
  return 1
}

# --- Console --------------------------------------------------------------------------------------------------------

console() {
  npm --prefix frontend run "$@"
}

console_unit_tests() {
  local status=0 report=$scratch/vitest.json counts
  console test -- --reporter=default --reporter=json --outputFile.json="$report" || status=$?
  counts=$(node -p 'const r = require(process.argv[1]); [r.numPassedTests, r.numFailedTests, r.numPendingTests + r.numTodoTests].join(" ")' "$report")
  # shellcheck disable=SC2086 # three numbers
  count $counts
  ((status == 0)) || name_failures node -p '
    require(process.argv[1]).testResults.flatMap((file) => file.assertionResults)
      .filter((test) => test.status === "failed")
      .map((test) => `${test.fullName}: ${(test.failureMessages[0] ?? "").slice(0, 300)}`).join("\n")' "$report"
  return "$status"
}

# journeys <name> <address> <of a server whose access tokens last 5 s, and where guessers soon wait>
#          [of one that verifies addresses, and whose administrators need a second factor]
journeys() {
  local status=0 report=$scratch/playwright-$1.json counts
  E2E_BASE_URL=$2 E2E_SHORT_TOKEN_URL=$3 E2E_VERIFYING_URL=${4:-} PLAYWRIGHT_JSON_OUTPUT_FILE=$report \
    console e2e -- --reporter=list,json --retries=0 --forbid-only || status=$?
  counts=$(node -p 'const s = require(process.argv[1]).stats; [s.expected, s.unexpected, s.skipped].join(" ")' "$report")
  # shellcheck disable=SC2086 # three numbers
  count $counts
  ((status == 0)) || name_failures node -p '
    const specs = (suite) => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specs)];
    require(process.argv[1]).suites.flatMap(specs).filter((spec) => !spec.ok)
      .map((spec) => `${spec.file}:${spec.line} ${spec.title}: ${spec.tests[0].results.at(-1).error?.message}`)
      .join("\n").replace(/\x1b\[[0-9;]*m/g, "").slice(0, 4000)' "$report"
  return "$status"
}

journeys_on_embedded_stores() {
  local port usual short
  port=$(free_port)
  start_identity_providers identity-providers "http://localhost:$port"
  start_platform_on "$port" platform-embedded "${providers[@]}"
  usual=$address
  start_platform platform-embedded-5s ACCESS_TOKEN_TTL=5s SIGN_IN_ATTEMPTS_PER_MINUTE=10
  short=$address
  start_platform platform-embedded-verifying REQUIRE_EMAIL_VERIFICATION=on REQUIRE_SECOND_FACTOR=admin
  journeys embedded "$usual" "$short" "$address"
}

# Also as strict as production can be: the console must send nothing but what its build has listed.
journeys_on_postgres_and_redis() {
  local usual name strict=PERSISTED_OPERATIONS=only
  for name in usual short; do create_database "journeys_$name"; done
  start_platform platform-postgres "$strict" DATABASE_URL="${TEST_POSTGRES_URL%/*}/journeys_usual" REDIS_URL="$TEST_REDIS_URL/1"
  usual=$address
  start_platform platform-postgres-5s "$strict" ACCESS_TOKEN_TTL=5s SIGN_IN_ATTEMPTS_PER_MINUTE=10 \
    DATABASE_URL="${TEST_POSTGRES_URL%/*}/journeys_short" REDIS_URL="$TEST_REDIS_URL/2"
  journeys postgres "$usual" "$address"
}

# --- Peers: other people's clients and audits -----------------------------------------------------------------------

# npm writes the file in node_modules as the last thing it does.
peers_packages() {
  local lock=tests/peers/package-lock.json installed=tests/peers/node_modules/.package-lock.json
  [[ $installed -nt $lock ]] && return
  npm --prefix tests/peers ci --no-audit --no-fund
  touch "$installed"
}

peers() {
  local status=0 report=$scratch/peers.tap usual counts
  start_platform platform-peers
  usual=$address
  start_platform platform-peers-5s ACCESS_TOKEN_TTL=5s
  PLATFORM_URL=$usual PLATFORM_SHORT_TOKEN_URL=$address PLATFORM_BINARY=$server \
    npm --prefix tests/peers test -- --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$report" || status=$?
  # "# pass 70", and so on, at the end; a test that was cancelled failed.
  counts=$(awk '/^# (tests|pass|skipped|todo) [0-9]+$/ { n[$2] = $3 }
    END { other = n["skipped"] + n["todo"]; print n["pass"] + 0, n["tests"] - n["pass"] - other, other }' "$report")
  # shellcheck disable=SC2086 # three numbers
  count $counts
  ((status == 0)) || name_failures peers_failures "$report"
  return "$status"
}

# The name of what failed, and why: behind "error:", or in the block below it.
peers_failures() { # <report>
  awk '
    /^not ok / { sub(/^not ok [0-9]+ - /, ""); name = $0 }
    /^  [a-z]+:/ { if (why) print substr(why, 1, 300); why = "" }
    why && NF { sub(/^ +/, ""); why = why " " $0 }
    name && /^  error: / { sub(/^  error: (\|-?$)?/, ""); why = name ": " $0; name = "" }' "$1"
}

# --- Runs -----------------------------------------------------------------------------------------------------------

case $1 in
all)
  step 'Rust tools' install_rust_tools
  step 'Debian packages' install_packages
  step 'Rust: format' cargo fmt --all --check
  step 'Rust: clippy' cargo clippy --workspace --all-targets --locked -- -D warnings
  step 'Console: packages' make --no-print-directory modules
  step 'Peers: packages' peers_packages
  step 'Console: lint' console lint
  step 'Console: types' console check
  step 'Console: unit tests' console_unit_tests
  # Before the server that embeds it.
  step 'Console: build' make --no-print-directory console
  step 'Rust: suite on SQLite, in process' rust_suite
  step 'PostgreSQL and Redis' start_stores
  step 'Rust: suite on PostgreSQL and Redis' rust_suite
  step 'schema.graphql is current' schema_is_current
  step 'Peers: graphql-http, graphql-ws, oidc-provider' peers
  step 'Journeys on SQLite, in process' journeys_on_embedded_stores
  step 'Journeys on PostgreSQL and Redis' journeys_on_postgres_and_redis
  ;;
rust)
  step 'Rust tools' install_rust_tools
  step 'Rust: suite on SQLite, in process' rust_suite
  ;;
e2e)
  step 'Rust tools' install_rust_tools
  step 'Debian packages' install_packages
  step 'Peers: packages' peers_packages
  step 'Console: build' make --no-print-directory console
  step 'Server: build' build_server
  step 'PostgreSQL and Redis' start_stores
  step 'Journeys on SQLite, in process' journeys_on_embedded_stores
  step 'Journeys on PostgreSQL and Redis' journeys_on_postgres_and_redis
  ;;
esac
