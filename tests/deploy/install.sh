#!/usr/bin/env bash
# Installs on a bare Debian, twice: the second run changes nothing. What was installed then serves through Nginx.
# Runs as root of a throw-away system, such as a container or chroot, never of one that somebody needs:
#   tests/deploy/install.sh <folder of the system>   prepares it by debootstrap, if it is not there, and enters it
set -Eeuo pipefail
cd "$(dirname "$0")/../.."

system=${1:?the folder of the system}
binary=${PLATFORM_BINARY:-target/release/fastgpt-platform}

[[ -d $system/etc ]] || debootstrap --variant=minbase --include=ca-certificates bookworm "$system" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}"

# The root of the system, where users that are not root have to get through: a folder of mktemp is closed to them.
chmod 755 "$system"

inside() {
  chroot "$system" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"
}
# Every file with its mode, owner, time and content, of the places where the script writes.
state() {
  inside bash -c 'find /etc/fastgpt-platform /etc/nginx /etc/systemd/system/fastgpt* /usr/local /var/www \
    /var/lib/fastgpt-platform /var/backups/fastgpt-platform \
    -printf "%p %m %u:%g %T@ %l\n" -type f -exec sha256sum {} + | sort'
}

if [[ ! ${ALONE:-} ]]; then
  mkdir -p "$system/src"
  printf '#!/bin/sh\nexit 101\n' | install -m 755 /dev/stdin "$system/usr/sbin/policy-rc.d"
  tar -c --exclude=./target --exclude=node_modules --exclude=./.git . | tar -x -C "$system/src"
  cp "$binary" "$system/src/fastgpt-platform"
fi

mounted=()
# shellcheck disable=SC2329 # the trap runs it
leave() {
  local process killed=()
  # Everything that runs in the system, by its root.
  for process in /proc/[0-9]*; do
    [[ $(readlink "$process/root") != "$(realpath "$system")" ]] || killed+=("${process#/proc/}")
  done
  for process in "${killed[@]}"; do kill -KILL "$process" || true; done
  # Until they are gone: PostgreSQL does not start beside one whose number still answers.
  for process in "${killed[@]}"; do
    for _ in {1..100}; do
      [[ -e /proc/$process ]] || break
      sleep 0.1
    done
  done
  for folder in "${mounted[@]}"; do umount "$folder"; done
}
trap leave EXIT
for folder in proc dev; do
  mount --bind "/$folder" "$system/$folder"
  mounted+=("$system/$folder")
done

run_script() { # [options]
  inside /src/deploy/install.sh --binary /src/fastgpt-platform --console /src/frontend/dist "$@"
}
install_it() {
  run_script --domain platform.test --with-postgres --with-redis --with-nginx
}
fail() {
  echo "$*" >&2
  exit 1
}
# expect_replicas <ports>: those that Nginx asks, and those that have a file.
expect_replicas() {
  local asked files
  asked=$(sed -n 's/^server 127.0.0.1:\([0-9]*\) max_fails=1.*/\1/p' "$system/etc/nginx/fastgpt-platform/upstream.conf" | paste -sd' ')
  files=$(cd "$system/etc/fastgpt-platform" && printf '%s\n' 5*.env | paste -sd' ')
  [[ $asked == "$1" && ${files//.env/} == "$1" ]] || fail "Nginx asks $asked, there are $files, expected were $1"
}
# The second run and what follows it have no network but their own: on this machine's ports something else may run.
if [[ ! ${ALONE:-} ]]; then
  install_it
  state >"$system/before"
  leave
  trap - EXIT
  exec unshare --net env ALONE=yes "$0" "$@"
fi
ip link set lo up
# What was killed leaves a file behind, which PostgreSQL knows to be of nobody.
# shellcheck disable=SC2016 # expands inside
inside bash -c 'read -r version name rest < <(pg_lsclusters --no-header); pg_ctlcluster "$version" "$name" start'
install_it | tee "$system/second"
state >"$system/after"
diff "$system/before" "$system/after"
if grep -E '^(installed|created)' "$system/second"; then
  echo 'the second run did something' >&2
  exit 1
fi
[[ $(stat --format=%a "$system/etc/fastgpt-platform/env") == 600 ]]

# The layout is what it was made to be, until somebody asks for another one; nor does the name need to be told again.
settings=$system/etc/fastgpt-platform
inside curl --version >/dev/null
expect_replicas '5000 5001'
echo 'OF_ITS_OWN=yes' >>"$settings/5001.env"
run_script --replicas 3 >/dev/null
expect_replicas '5000 5001 5002'
sed -i "s#^SITE_URL=.*#SITE_URL='https://platform.test'#" "$settings/env"
run_script >/dev/null
expect_replicas '5000 5001 5002'
grep -q 'server_name platform\.test;' "$system/etc/nginx/sites-available/fastgpt-platform" || fail 'the quoted name was not understood'
run_script --replicas 1 | grep 'stopped the replica'
expect_replicas 5000
run_script >/dev/null
expect_replicas 5000
run_script --replicas 2 >/dev/null
expect_replicas '5000 5001'
grep -q '^OF_ITS_OWN=yes$' "$settings/5001.env" || fail 'a replica that came back lost what it had for itself'
sed -i.kept 's#^SITE_URL=.*#SITE_URL=#' "$settings/env"
if run_script >"$system/nameless" 2>&1; then fail 'it installs a site without a name'; fi
tail -n 1 "$system/nameless"
mv "$settings/env.kept" "$settings/env"
echo 'the layout stayed'

# What systemd would start, by hand.
inside redis-server --bind 127.0.0.1 --port 6379 --save '' --daemonize yes >/dev/null
for port in 5000 5001; do
  inside bash -c "PORT=$port fastgpt-platformctl serve" >"$system/$port.log" 2>&1 &
done
inside nginx
for _ in {1..100}; do
  curl --fail --silent --max-time 2 --header 'Host: platform.test' http://127.0.0.1/health && break
  sleep 0.2
done
echo
password=$(sed -n 's/^ADMIN_PASSWORD=//p' "$system/etc/fastgpt-platform/env")
answer=$(curl --fail-with-body --silent --header 'Host: platform.test' --json @- http://127.0.0.1/api/graphql <<END
{"query": "mutation { signIn(input: {email: \"admin@example.com\", password: \"$password\"}) { ... on SignedIn { viewer { email role } } } }"}
END
)
echo "$answer"
[[ $answer == *'"role":"ADMIN"'* ]]
curl --fail --silent --header 'Host: platform.test' http://127.0.0.1/sign-in | grep -q '<div id="root">'
echo 'installed twice, and it serves'
