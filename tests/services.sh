# shellcheck shell=bash
# Private servers for one run of the tests: free ports of 127.0.0.1, files in $scratch, gone when the run ends.
# What already runs on the machine is not touched. Sourced by run.sh.

# The folder can be passed through, not listed: PostgreSQL does not run as root, and has its data below.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/fastgpt-platform-test.XXXXXX")
chmod 711 "$scratch"

# 127.0.0.1 is open to every user of the machine, and who rules PostgreSQL runs programs as its user.
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

started=() # "<stop signal> <process id>", oldest first

policy= # set while Debian is kept from starting services

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# install_missing [package…]
install_missing() {
  (($#)) || return 0
  echo "Missing; installing with apt: $*"
  forbid_service_starts
  as_root apt-get update --quiet=2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "$@"
  allow_service_starts
}

# Debian starts the servers that it installs unless this file forbids it, and the tests bring their own.
forbid_service_starts() {
  [[ -e /usr/sbin/policy-rc.d ]] && return
  policy=/usr/sbin/policy-rc.d
  printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$policy"
}

allow_service_starts() {
  [[ ! $policy ]] || as_root rm -f "$policy"
  policy=
}

free_port() {
  node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

# start <name> <stop signal> [options of setpriv] <command…>
# Runs it in $scratch/<name>, which holds its log, out of reach of the terminal's Ctrl-C. Should this script be killed
# before it can clean up, the kernel sends the signal.
start() {
  local name=$1 signal=$2
  shift 2
  (cd "$scratch/$name" && exec setsid setpriv --pdeathsig "$signal" "$@" >log 2>&1 </dev/null) &
  started+=("$signal $!")
}

# await <name> <command…>: waits until the service started last answers the command.
await() {
  local name=$1 pid=${started[-1]#* } deadline=$((SECONDS + 30))
  shift
  until "$@" >/dev/null 2>&1; do
    if ! kill -0 "$pid" 2>/dev/null; then
      give_up "$name ended at its start" "$scratch/$name/log"
    elif ((SECONDS > deadline)); then
      give_up "$name does not answer after 30 s" "$scratch/$name/log"
    fi
    sleep 0.1
  done
}

give_up() { # <message> <log>
  printf '\n%s. The end of its log:\n' "$1" >&2
  tail -n 40 "$2" >&2
  exit 1
}

stop_services() {
  local i signal pid
  # Newest first: the platform before the stores that it talks to.
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do
    read -r signal pid <<<"${started[i]}"
    kill -s "$signal" "$pid" 2>/dev/null || continue
    for _ in {1..100}; do
      kill -0 "$pid" 2>/dev/null || continue 2
      sleep 0.1
    done
    echo "Process $pid did not stop within 10 s of SIG$signal" >&2
    kill -s KILL "$pid"
  done
  rm -rf "$scratch"
}

# Sets TEST_POSTGRES_URL.
start_postgres() {
  local folder=$scratch/postgres as=() bin port
  bin=$(postgres_bin)
  port=$(free_port)
  mkdir -m 700 "$folder"
  echo "$password" >"$folder/password"
  if ((EUID == 0)); then
    as=(--reuid postgres --regid postgres --init-groups)
    chown -R postgres: "$folder"
  fi

  # md5, since the 4096 rounds of SCRAM would cost every one of some thousand connections.
  (cd "$folder" && setpriv "${as[@]}" "$bin/initdb" --pgdata data --username postgres --pwfile password --auth md5 \
    --encoding UTF8 --locale C.UTF-8 --no-sync) >"$folder.initdb.log" 2>&1 || give_up "initdb failed" "$folder.initdb.log"

  # SIGINT is PostgreSQL's fast shutdown, which does not wait for clients to leave. Nothing here outlives a crash, so
  # nothing waits for the disk.
  start postgres INT "${as[@]}" "$bin/postgres" -D data -p "$port" -c listen_addresses=127.0.0.1 \
    -c unix_socket_directories="$folder" -c max_connections=300 \
    -c fsync=off -c full_page_writes=off -c synchronous_commit=off
  await postgres "$bin/pg_isready" -h 127.0.0.1 -p "$port"
  export TEST_POSTGRES_URL=postgresql://postgres:$password@127.0.0.1:$port/postgres
}

create_database() { # <name>
  PGPASSWORD=$password "$(postgres_bin)/createdb" --maintenance-db "${TEST_POSTGRES_URL/:$password@/@}" "$1"
}

# Debian keeps the server's programs out of PATH, a folder a version.
postgres_bin() {
  local newest
  newest=$(printf '%s\n' /usr/lib/postgresql/*/bin/initdb | sort -V | tail -n 1)
  [[ -x $newest ]] && dirname "$newest"
}

# Sets TEST_REDIS_URL.
start_redis() {
  local folder=$scratch/redis port
  port=$(free_port)
  mkdir -m 700 "$folder"
  # In a file, since other users see a command line.
  printf '%s\n' "port $port" 'bind 127.0.0.1' 'save ""' "requirepass $password" >"$folder/redis.conf"
  start redis TERM redis-server redis.conf
  REDISCLI_AUTH=$password await redis redis-cli -e -p "$port" ping
  export TEST_REDIS_URL=redis://default:$password@127.0.0.1:$port
}

# start_identity_providers <name> <address>: those that the platform at this address signs people in with; leaves what it
# has to be told of them in ${providers[@]}.
start_identity_providers() {
  local name=$1 program=$PWD/tests/peers/identity-providers.mjs
  mkdir -m 700 "$scratch/$name"
  start "$name" TERM node "$program" "$2"
  await "$name" grep --quiet '^GITHUB_BASE_URL=' "$scratch/$name/log"
  mapfile -t providers < <(grep --extended-regexp '^[A-Z0-9_]+=' "$scratch/$name/log")
}

# start_platform <name> [KEY=value…]: the server itself, $server; leaves its address in $address.
start_platform() {
  start_platform_on "$(free_port)" "$@"
}

start_platform_on() { # <port> <name> [KEY=value…]
  local port=$1 name=$2
  shift 2
  # A name, which passkeys are bound to.
  address=http://localhost:$port
  mkdir -m 700 "$scratch/$name"
  # An empty environment and a folder without .env: nothing of the developer's own configuration gets in.
  start "$name" TERM env -i PORT="$port" SITE_URL="$address" DATA_DIR="$scratch/$name/data" METRICS_ADDR=off \
    SIGN_IN_ATTEMPTS_PER_MINUTE=10000 SIGN_UPS_PER_HOUR=10000 "$@" "${server:?}"
  await "$name" curl --fail --silent --max-time 2 "$address/health/ready"
}
