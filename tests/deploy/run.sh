#!/usr/bin/env bash
# Tests what is deployed: Nginx with the project's own files in front of two real backends, compose files, units and
# scripts. Starts private services and stops them, runs every step, and ends with a table; fails when any failed.
#
#   PLATFORM_BINARY=…   the server to test, with the console embedded; without it a debug build is made
#   run.sh [step…]      compose units settings shell alerts alarms front sockets failover journeys install
#                       containers; without any, all
#
# The last two need root, and take long. `tests/deploy/containers.sh` by itself builds the server in its container, too.
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
source tests/services.sh

rows=()
failed=0

# step <heading> <command…>: one that returns 3 was skipped.
step() {
  local since=$SECONDS status=0 outcome
  printf '\n\n=== %s\n\n' "$1"
  # Not `command || …`, which would have it go on after a failure within.
  set +e
  (set -Eeuo pipefail && "${@:2}")
  status=$?
  set -e
  case $status in
  0) outcome=ok ;;
  3) outcome=skipped ;;
  *) outcome=FAILED failed=$((failed + 1)) ;;
  esac
  rows+=("$(printf '%-8s %3d:%02d  %s' "$outcome" $(((SECONDS - since) / 60)) $(((SECONDS - since) % 60)) "$1")")
}

# What later steps need.
must() {
  "$@" && return
  echo "nothing can be tested without it: $*" >&2
  exit 1
}

finish() {
  local status=$?
  set +e
  trap '' INT TERM HUP
  allow_service_starts
  stop_services
  printf '\n\n=== What ran, in %d:%02d minutes\n\n' $((SECONDS / 60)) $((SECONDS % 60))
  printf '%s\n' "${rows[@]}"
  printf '\n%d step(s) failed\n' "$failed"
  ((status == 0 && failed > 0)) && status=1
  exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

install_packages() {
  local missing=()
  postgres_bin >/dev/null || missing+=(postgresql)
  command -v redis-server >/dev/null || missing+=(redis-server)
  command -v chromium >/dev/null || missing+=(chromium)
  [[ -x /usr/sbin/nginx ]] || missing+=(nginx-light)
  command -v openssl >/dev/null || missing+=(openssl)
  command -v debootstrap >/dev/null || missing+=(debootstrap)
  command -v shellcheck >/dev/null || missing+=(shellcheck)
  command -v systemd-analyze >/dev/null || missing+=(systemd)
  command -v promtool >/dev/null || missing+=(prometheus)
  python3 -c 'import yaml' 2>/dev/null || missing+=(python3-yaml)
  install_missing "${missing[@]}"
}

node_packages() {
  make --no-print-directory modules
  [[ tests/peers/node_modules/.package-lock.json -nt tests/peers/package-lock.json ]] ||
    npm --prefix tests/peers ci --no-audit --no-fund
}

build() {
  make --no-print-directory console
  [[ ${PLATFORM_BINARY:-} ]] || cargo build --workspace --locked
}

certificate() {
  mkdir -m 700 "$scratch/certificate"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -out "$scratch/certificate/fullchain.pem" \
    -keyout "$scratch/certificate/privkey.pem" 2>/dev/null
}

node_test() { # <file>
  node --test --test-reporter=spec "tests/deploy/$1.test.mjs"
}

# --- The console's journeys, through Nginx and under its policy -----------------------------------------------------

# A browser that notes what pages write to their console, violations of the content security policy among it.
noting_browser() {
  printf '#!/bin/sh\nexec %q --enable-logging --v=0 --log-file=%q "$@"\n' "$(command -v chromium)" "$scratch/console.log" \
    >"$scratch/chromium"
  chmod +x "$scratch/chromium"
}

# start_stack <name> <database> <redis> [KEY=value…]: leaves its address in $address.
start_stack() {
  mkdir -p "$scratch/$1"
  start "$1" TERM node "$PWD/tests/deploy/stack.mjs" "${@:2}"
  await "$1" grep -q '^http' "$scratch/$1/log"
  address=$(cat "$scratch/$1/log")
}

violations() {
  grep -aiE 'content security policy|content-security-policy' "$scratch/console.log"
}

journeys() {
  local usual
  noting_browser
  start_stack stack-usual journeys 5
  usual=$address
  # Nothing proves less than a search that cannot find: what the policy forbids has to show up.
  CHROMIUM_PATH=$scratch/chromium node tests/deploy/violate.mjs "$usual"
  violations >/dev/null || { echo 'a violation went unnoticed' >&2; return 1; }
  rm "$scratch/console.log"

  start_stack stack-5s journeys_5s 6 ACCESS_TOKEN_TTL=5s SIGN_IN_ATTEMPTS_PER_MINUTE=10
  CHROMIUM_PATH=$scratch/chromium E2E_BASE_URL=$usual E2E_SHORT_TOKEN_URL=$address \
    npm --prefix frontend run e2e -- --reporter=list --retries=0
  [[ -s $scratch/console.log ]] || { echo 'the browser noted nothing' >&2; return 1; }
  if violations; then
    echo 'the content security policy stands in the way of the console' >&2
    return 1
  fi
}

# --- Files ----------------------------------------------------------------------------------------------------------

units() {
  local unit exposure most=2.0
  mkdir "$scratch/units"
  # The binary is not installed here, and verify wants it to be there.
  for unit in deploy/systemd/*.{service,timer}; do
    sed "s#/usr/local/bin/fastgpt-platform#$(command -v true)#; s#/usr/local/lib/fastgpt-platform/[a-z-]*.sh#$(command -v true)#" \
      "$unit" >"$scratch/units/${unit##*/}"
  done
  systemd-analyze verify --man=no "$scratch"/units/*.{service,timer} 2>&1 | tee "$scratch/verify.log"
  [[ ! -s $scratch/verify.log ]] || return 1
  for unit in deploy/systemd/*.service; do
    exposure=$(systemd-analyze security --offline=true --no-pager "$unit" | sed -nE 's/.*exposure level for .*: ([0-9.]+) .*/\1/p')
    echo "$unit: exposure $exposure, at most $most"
    awk -v exposure="$exposure" -v most="$most" 'BEGIN { exit !(exposure != "" && exposure + 0 <= most + 0) }'
  done
}

shell_scripts() {
  local scripts
  mapfile -t scripts < <(git ls-files -co --exclude-standard 'deploy/*.sh' 'deploy/**/*.sh' 'tests/deploy/*.sh')
  printf '%s\n' "${scripts[@]}"
  shellcheck --external-sources --source-path=SCRIPTDIR:SCRIPTDIR/../.. "${scripts[@]}"
}

install_on_debian() {
  local system status=0
  system=$(mktemp -d)
  tests/deploy/install.sh "$system" || status=$?
  # Never into what is mounted there, should that have stayed.
  rm -rf --one-file-system "$system"
  return "$status"
}

alert_rules() {
  shopt -s nullglob
  local rules=(deploy/monitoring/*.rules.yml)
  ((${#rules[@]})) || return 3
  promtool check rules "${rules[@]}"
  promtool test rules tests/deploy/alerts.test.yml
}

# --- Runs -----------------------------------------------------------------------------------------------------------

must install_packages
must node_packages
must build
PLATFORM_BINARY=$(realpath "${PLATFORM_BINARY:-${CARGO_TARGET_DIR:-target}/debug/fastgpt-platform}")
export PLATFORM_BINARY DEPLOY_SCRATCH=$scratch DEPLOY_CERTIFICATE=$scratch/certificate
must certificate
must start_postgres
must start_redis
for database in front front_tls sockets failover journeys journeys_5s; do create_database "$database"; done

wanted=("$@")
want() { # <name>: whether this step was asked for; without arguments all are
  ((${#wanted[@]} == 0)) || [[ " ${wanted[*]} " == *" $1 "* ]]
}
want compose && step 'Compose files' python3 tests/deploy/compose.py
want units && step 'Units: verify and exposure' units
want settings && step 'Settings: read as systemd reads them' python3 tests/deploy/settings.py
want shell && step 'Scripts: shellcheck' shell_scripts
want alerts && step 'Alert rules' alert_rules
want alarms && step 'Alarms that are long' python3 tests/deploy/alarms.py
want front && step 'Nginx: headers, caching, refusals, HTTPS' node_test front
want sockets && step 'Nginx: subscriptions' node_test sockets
want failover && step 'Nginx: replicas that restart, die and are away' node_test failover
want journeys && step 'Nginx: journeys in Chromium under its policy' journeys
want install && step 'A bare Debian: installed twice, then used' install_on_debian
want containers && step 'Containers: both stacks, from the first start to a restored backup' tests/deploy/containers.sh

((failed == 0))
