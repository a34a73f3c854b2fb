#!/usr/bin/env bash
# Builds the images and runs both stacks of the compose files, from the first start to a restored backup, with Podman:
# what Docker would do, where there is none. Needs root, podman, buildah, runc and debootstrap; installs what is missing.
#
#   PLATFORM_BINARY=…   a server to put into the image, in place of the build in a container, which takes long
#   RESTORE=no          without backup and restore
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
project=$PWD
source tests/services.sh
source tests/deploy/base-images.sh

# The build sees this machine's network and its certificates, some of which a company's proxy may need.
certificates=/etc/ssl/certs/ca-certificates.crt
build_options=(--network host --volume "$certificates:$certificates:ro"
  --env "SSL_CERT_FILE=$certificates" --env "NODE_EXTRA_CA_CERTS=$certificates" --env "CARGO_HTTP_CAINFO=$certificates")

say() {
  printf '\n=== %s\n' "$*"
}

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# shellcheck disable=SC2329 # the trap runs it
finish() {
  local status=$?
  set +e
  [[ ${ticker:-} ]] && kill "$ticker" && wait "$ticker" 2>/dev/null
  ((status == 0)) || for log in $(podman ps --all --quiet --filter label=io.podman.compose.project=fastgpt-platform); do
    printf '\n--- %s\n' "$(podman inspect --format '{{.Name}} {{.State.Status}} {{.State.ExitCode}}' "$log")"
    podman logs --tail 15 "$log" 2>&1
  done
  down
  allow_service_starts
  stop_services
  ((status == 0)) && echo && echo 'both stacks work'
  exit "$status"
}
trap finish EXIT

# --- Podman as this machine can run it ------------------------------------------------------------------------------

# Limits of open files that are lower than Podman's own, which a container cannot raise.
cat >"$scratch/containers.conf" <<END
[containers]
default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=4096:4096"]
[engine]
runtime = "runc"
END
export CONTAINERS_CONF=$scratch/containers.conf

packages() {
  local missing=() command
  for command in podman buildah runc debootstrap curl openssl; do command -v "$command" >/dev/null || missing+=("$command"); done
  [[ -x /usr/lib/podman/aardvark-dns ]] || missing+=(aardvark-dns)
  install_missing "${missing[@]}"
  compose_program=$(command -v podman-compose || true)
  if [[ ! $compose_program ]]; then
    python3 -m venv "$scratch/venv" && "$scratch/venv/bin/pip" --quiet install 'podman-compose>=1.5'
    compose_program=$scratch/venv/bin/podman-compose
  fi
}

# Where the stacks run: the compose files, what they mount, and a .env.
home=$scratch/fastgpt-platform
files=()
compose() {
  # Unlike Docker, Podman would put an empty /run over the image's.
  (cd "$home" && "$compose_program" --podman-run-args=--read-only-tmpfs=false "${files[@]}" "$@")
}

# Everything of this project, whatever became of its files. A project of that name that is somebody's is not touched.
down() {
  local ours=(--filter label=io.podman.compose.project=fastgpt-platform)
  # What others depend on is refused until they are gone.
  for _ in 1 2 3; do
    podman ps --all --quiet "${ours[@]}" | xargs --no-run-if-empty --max-args=1 podman rm --force --depend --ignore --time 10
  done
  podman volume ls --quiet "${ours[@]}" | xargs --no-run-if-empty podman volume rm
  podman network ls --quiet "${ours[@]}" | xargs --no-run-if-empty podman network rm
} >/dev/null 2>&1

container() { # <service>
  podman ps --all --quiet --filter "name=^fastgpt-platform_$1_1\$"
}

inspect() { # <service> <format>
  podman inspect --format "$2" "$(container "$1")" 2>/dev/null
}

# Podman has its health checks run by systemd, which may not be here.
run_health_checks() {
  local each
  while sleep 1; do
    for each in $(podman ps --quiet --filter label=io.podman.compose.project=fastgpt-platform); do
      podman healthcheck run "$each" >/dev/null 2>&1 || true
    done
  done
}

healthy() { # <service…>
  local service
  for service in "$@"; do
    for _ in {1..120}; do
      [[ $(inspect "$service" '{{.State.Health.Status}}' 2>/dev/null) == healthy ]] && continue 2
      sleep 1
    done
    fail "$service is not healthy: $(inspect "$service" '{{json .State.Healthcheck}}')"
  done
  echo "healthy: $*"
}

# --- Images ---------------------------------------------------------------------------------------------------------

build() { # <target> <image> [options]
  local context=$project file=$project/Dockerfile
  if [[ ${PLATFORM_BINARY:-} ]]; then
    context=$scratch/context file=$scratch/context/Dockerfile
    if [[ ! -d $context ]]; then
      mkdir "$context"
      cp -r nginx.conf deploy frontend/dist "$context"
      cp "$PLATFORM_BINARY" "$context/fastgpt-platform"
      # The stages that build, in place of which there is what was built elsewhere.
      awk '/^FROM / { skip = 0 }
        / AS console$/ { print "FROM scratch AS console\nCOPY dist /src/frontend/dist"; skip = 1 }
        / AS build$/ { print "FROM scratch AS build\nCOPY fastgpt-platform /src/target/release/fastgpt-platform"; skip = 1 }
        !skip' Dockerfile >"$file"
    fi
  fi
  podman build "${build_options[@]}" --layers --quiet --format docker --target "$1" --tag "$2" "${@:3}" --file "$file" "$context"
}

# --- What a person does ---------------------------------------------------------------------------------------------

graphql() { # <address> <query> [options of curl]
  printf '{"query": "%s"}' "${2//\"/\\\"}" |
    curl --fail-with-body --silent --insecure --max-time 10 "${@:3}" --json @- "$1/api/graphql"
}

signs_in() { # <address> <password>
  local answer
  answer=$(graphql "$1" "mutation { signIn(input: {email: \"admin@example.com\", password: \"$2\"}) { ... on SignedIn { accessToken viewer { email role } } } }")
  [[ $answer == *'"role":"ADMIN"'* ]] || fail "the administrator cannot sign in at $1: $answer"
  echo "signed in at $1"
}

shows_console() { # <address>
  chromium --headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync \
    --ignore-certificate-errors --user-data-dir="$scratch/chromium" --virtual-time-budget=20000 --dump-dom "$1/sign-in" 2>/dev/null |
    grep -q 'type="password"' || fail "no sign-in page at $1"
  echo "the console is shown at $1"
}

# What was promised of every container.
hardened() { # <service…>
  local service user
  for service in "$@"; do
    user=$(podman exec "$(container "$service")" cat /proc/1/status | awk '/^(Uid|CapEff|NoNewPrivs):/ { print $2 }' | paste -sd' ')
    [[ $user =~ ^[1-9][0-9]*\ 0+\ 1$ ]] || fail "$service runs with user, capabilities, no-new-privileges: $user"
    [[ $(inspect "$service" '{{.HostConfig.ReadonlyRootfs}}') == true ]] || fail "$service may write to its image"
    [[ $(inspect "$service" '{{.HostConfig.Memory}}') != 0 ]] || fail "$service may take all memory"
    [[ $(inspect "$service" '{{.HostConfig.LogConfig.Size}}') == 10MB ]] || fail "the log of $service grows for ever"
    printf '%-12s user %s, no capabilities, read-only, %s bytes of memory, log %s of %s\n' "$service" "${user%% *}" \
      "$(inspect "$service" '{{.HostConfig.Memory}}')" "$(inspect "$service" '{{.HostConfig.LogConfig.Type}}')" \
      "$(inspect "$service" '{{.HostConfig.LogConfig.Size}}')"
  done
}

# --- Run ------------------------------------------------------------------------------------------------------------

packages
if [[ $(podman ps --all --quiet --filter label=io.podman.compose.project=fastgpt-platform) ]]; then
  trap - EXIT
  fail 'there are containers of fastgpt-platform on this machine already'
fi
say 'Base images'
base_images

say 'Images of the platform'
build backend localhost/fastgpt-platform:latest --build-arg VERSION=1
build frontend localhost/fastgpt-platform-frontend:latest --build-arg VERSION=1
podman images --filter reference='localhost/fastgpt-platform*'

mkdir -p "$home/deploy" "$home/tls" "$home/acme" "$home/backup"
cp docker-compose.yml docker-compose.production.yml "$home"
cp -r deploy/nginx "$home/deploy/"
mkdir -p "$home/deploy/monitoring"
if [[ -f deploy/monitoring/prometheus.yml ]]; then
  cp -r deploy/monitoring "$home/deploy/"
else
  echo 'scrape_configs: [{job_name: platform, static_configs: [{targets: ["backend:9464", "backend-2:9464"]}]}]' >"$home/deploy/monitoring/prometheus.yml"
fi

say 'Without .env the fix is named'
if (cd "$home" && "$compose_program" config) >"$scratch/refused" 2>&1; then fail 'it starts without .env'; fi
tail -n 1 "$scratch/refused"
grep -q 'cp .env.example .env' "$scratch/refused" || fail 'the fix is not named'

run_health_checks &
ticker=$!

say 'Development: cp .env.example .env, up'
cp .env.example "$home/.env"
compose up --detach --no-build
healthy postgres redis backend frontend
signs_in http://127.0.0.1:3000 Admin@123456
signs_in http://127.0.0.1:5000 Admin@123456
shows_console http://127.0.0.1:3000
hardened postgres redis backend frontend
compose down --volumes

say 'Production: what is missing is named'
files=(-f docker-compose.yml -f docker-compose.production.yml)
if compose config >"$scratch/refused" 2>&1; then fail 'it starts without secrets'; fi
tail -n 1 "$scratch/refused"

say 'Production: two replicas behind HTTPS'
password=$(openssl rand -hex 12)
{
  grep -v '^export POSTGRES_PASSWORD' .env.example
  echo "export POSTGRES_PASSWORD=$(openssl rand -hex 24)"
  echo "REDIS_PASSWORD=$(openssl rand -hex 24)"
  echo "JWT_SECRET=$(openssl rand -hex 48)"
  echo "SESSION_SECRET=$(openssl rand -hex 48)"
  echo "ADMIN_PASSWORD=$password"
  echo 'SITE_URL=https://localhost'
} >"$home/.env"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -out "$home/tls/fullchain.pem" -keyout "$home/tls/privkey.pem" 2>/dev/null
chown 101 "$home"/tls/*
services=(postgres redis backend backend-2 frontend)
compose up --detach --no-build
healthy "${services[@]}"
signs_in https://localhost "$password"
shows_console https://localhost
hardened "${services[@]}" prometheus
for port in 3000 5000 5432 6379 9464; do
  if timeout 2 bash -c "</dev/tcp/127.0.0.1/$port" 2>/dev/null && podman ps --format '{{.Ports}}' | grep -q ":$port->"; then fail "port $port is published"; fi
done
[[ $(curl --silent --output /dev/null --write-out '%{http_code} %{redirect_url}' http://localhost/sign-in) == '308 https://localhost/sign-in' ]] ||
  fail 'HTTP does not lead to HTTPS'

if [[ ${RESTORE:-} != no ]] && podman exec "$(container backend)" fastgpt-platform backup --help >/dev/null 2>&1; then
  say 'Backup, loss of everything, restore'
  podman exec "$(container backup)" fastgpt-platform backup --to /backup
  archive=$(find "$home/backup" -type f ! -name '.*' ! -name '*.sha256' -printf '%f\n' | sort | tail -n 1)
  [[ $archive ]] || fail 'there is no archive'
  compose down --volumes
  compose up --detach --no-build postgres redis
  healthy postgres redis
  compose run --rm --no-deps backup restore "/backup/$archive"
  compose up --detach --no-build
  healthy "${services[@]}"
  signs_in https://localhost "$password"
fi

say 'A new version, one replica after the other, while somebody asks without a pause'
# By label, since Podman takes one of an argument from its cache.
build backend localhost/fastgpt-platform:latest --label org.opencontainers.image.version=2
(
  while [[ ! -e $scratch/enough ]]; do
    if answer=$(graphql https://localhost '{ viewer { id } }' 2>&1); then echo answered; else echo "failed: $answer"; fi
  done
) >"$scratch/asked" &
asking=$!
for replica in backend backend-2; do
  # podman-compose would take down what depends on it as well: this one alone, with the arguments that it had. Podman keeps
  # the old one for those, under another name.
  old=$(container "$replica")
  podman stop "$old" >/dev/null
  podman rename "$old" "old-$replica"
  podman inspect "$old" | python3 -c '
import json, os, sys
command = json.load(sys.stdin)[0]["Config"]["CreateCommand"]
os.execvp("podman", ["podman", "run", "--detach", *command[2:]])' >/dev/null
  healthy "$replica"
  # Docker keeps the hardware address of an IP address, or announces the new one; Podman does neither, and Nginx reaches
  # the replica only when the kernel has given up the old one.
  for _ in {1..60}; do
    podman exec "$(container frontend)" curl --fail --silent --max-time 1 --output /dev/null "http://$replica:5000/health/live" && break
    sleep 0.2
  done
  [[ $(inspect "$replica" '{{index .Config.Labels "org.opencontainers.image.version"}}') == 2 ]] || fail "$replica is not of the new version"
done
touch "$scratch/enough"
wait "$asking"
sort "$scratch/asked" | uniq -c
if grep -q failed "$scratch/asked"; then
  podman logs "$(container frontend)" 2>&1 | grep -v '"status":200'
  fail 'somebody noticed'
fi
