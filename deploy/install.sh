#!/usr/bin/env bash
# Installs FastGPT Platform, or a newer version of it, on Debian or Ubuntu: binary, units, console and Nginx site.
# Can be run again at any time. Settings and secrets that are there stay as they are.
#
#   sudo deploy/install.sh --domain platform.example.com [options]
#
#   --domain NAME     the site's name; needed the first time, later that of SITE_URL
#   --replicas N      servers on this machine, on ports 5000, 5001, …; others are stopped (default: as it is, at first 2)
#   --with-postgres   install PostgreSQL by apt, create database and user
#   --with-redis      install Redis by apt
#   --with-nginx      install Nginx by apt
#   --binary FILE     default target/release/fastgpt-platform: `make build` makes it
#   --console FOLDER  default frontend/dist
set -Eeuo pipefail
cd "$(dirname "$0")/.."

domain='' replicas='' binary=target/release/fastgpt-platform console=frontend/dist
packages=() with_postgres='' with_redis=''
while (($#)); do
  case $1 in
  --domain) domain=${2:?} && shift ;;
  --replicas) replicas=${2:?} && shift ;;
  --binary) binary=${2:?} && shift ;;
  --console) console=${2:?} && shift ;;
  --with-postgres) with_postgres=yes && packages+=(postgresql) ;;
  --with-redis) with_redis=yes && packages+=(redis-server) ;;
  --with-nginx) packages+=(nginx) ;;
  *) sed -n 's/^#   //p' "$0" >&2 && exit 2 ;;
  esac
  shift
done

settings=/etc/fastgpt-platform
snippets=/etc/nginx/fastgpt-platform

die() {
  echo "install.sh: $*" >&2
  exit 1
}
((EUID == 0)) || die 'must run as root: sudo deploy/install.sh …'
[[ -f $binary ]] || die "there is no $binary: run \`make build\`, or name the file with --binary"
[[ -f $console/index.html ]] || die "there is no console in $console: run \`make build\`, or name the folder with --console"
[[ -z $replicas || $replicas =~ ^[1-9][0-9]?$ ]] || die "--replicas $replicas is not a number from 1 to 99"
[[ -z $domain || $domain =~ ^[A-Za-z0-9.-]+$ ]] || die "--domain $domain is not a name such as platform.example.com"
[[ -e $settings/env || $domain ]] || die 'the first time, --domain is needed: the name under which people will reach the site'

# An empty name would have Nginx serve the site to nobody.
name=$domain
if [[ -z $name ]]; then
  name=$(sed -nE "s#^[[:space:]]*SITE_URL[[:space:]]*=[[:space:]]*[\"']?https?://([^]/:?\#\"'[:space:][]*).*#\1#p" "$settings/env" | tail -n 1)
  [[ $name =~ ^[A-Za-z0-9.-]+$ ]] || die "SITE_URL in $settings/env has no name such as https://platform.example.com: correct it, or use --domain"
fi

# The replicas of this machine are those that have a file here.
installed=()
for file in "$settings"/*.env; do
  port=${file##*/} port=${port%.env}
  [[ ! $port =~ ^[1-9][0-9]{1,4}$ || ! -e $file ]] || installed+=("$port")
done
ports=() surplus=()
if [[ $replicas || ${#installed[@]} == 0 ]]; then
  for ((replica = 0; replica < ${replicas:-2}; replica++)); do ports+=($((5000 + replica))); done
  for port in "${installed[@]}"; do
    [[ " ${ports[*]} " == *" $port "* ]] || surplus+=("$port")
  done
else
  ports=("${installed[@]}")
fi

runs_systemd() {
  [[ -d /run/systemd/system ]]
}

# put <mode> <owner> <file> [source]: installs the source, or standard input, where it differs from what is there.
put() {
  local new
  new=$(mktemp)
  cat -- "${4:--}" >"$new"
  if cmp --silent "$new" "$3"; then
    rm "$new"
    chmod "$1" "$3" && chown "$2" "$3"
    return
  fi
  # Beside it and then in its place: a program that runs can be replaced, not overwritten.
  install -D -m "$1" -o "${2%:*}" -g "${2#*:}" "$new" "$3.new"
  mv "$3.new" "$3"
  rm "$new"
  echo "installed $3"
}

link() { # <target> <link>
  [[ $(readlink "$2") == "$1" ]] && return
  ln -sfn "$1" "$2"
  echo "installed $2"
}

# --- Packages and the user ------------------------------------------------------------------------------------------

missing=()
for package in "${packages[@]}"; do
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
done
# Backups need pg_dump, which comes with the server as well.
[[ $with_postgres ]] || command -v pg_dump >/dev/null || missing+=(postgresql-client)
command -v openssl >/dev/null || missing+=(openssl)
# What check-health.sh tells people with.
command -v curl >/dev/null || missing+=(curl)
if ((${#missing[@]})); then
  echo "installing with apt: ${missing[*]}"
  apt-get update --quiet=2
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "${missing[@]}"
fi

if ! getent passwd fastgpt-platform >/dev/null; then
  useradd --system --user-group --home-dir /var/lib/fastgpt-platform --no-create-home --shell /usr/sbin/nologin fastgpt-platform
  echo 'created the user fastgpt-platform'
fi
install -d -m 700 -o fastgpt-platform -g fastgpt-platform /var/lib/fastgpt-platform /var/backups/fastgpt-platform
install -d -m 755 "$settings"

# --- Settings and secrets: once ------------------------------------------------------------------------------------

# The cluster answers on its socket; where no service manager runs, such as in a chroot, it is started here.
start_postgres() {
  local version name rest
  pg_isready --quiet && return
  if runs_systemd; then
    systemctl start postgresql
  else
    read -r version name rest < <(pg_lsclusters --no-header)
    pg_ctlcluster "$version" "$name" start
  fi
  pg_isready --quiet --timeout=30
}

as_postgres() {
  (cd / && setpriv --reuid postgres --regid postgres --init-groups "$@")
}

if [[ ! -e $settings/env ]]; then
  database_password=$(openssl rand -hex 24) database_port=5432
  if [[ $with_postgres ]]; then
    start_postgres
    # Through standard input: a command line is for everybody to read.
    as_postgres psql --quiet --set ON_ERROR_STOP=1 <<END
SELECT 'CREATE ROLE fastgpt_platform LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'fastgpt_platform')\gexec
ALTER ROLE fastgpt_platform PASSWORD '$database_password';
SELECT 'CREATE DATABASE fastgpt_platform OWNER fastgpt_platform ENCODING UTF8 TEMPLATE template0'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'fastgpt_platform')\gexec
END
    # Debian takes another one where 5432 is not free.
    database_port=$(as_postgres psql --quiet --tuples-only --no-align --command 'SHOW port')
    echo 'created the database fastgpt_platform and its user'
  fi
  put 600 root:root "$settings/env" <<END
# Settings of FastGPT Platform; .env.example tells of all there are. After a change: restart-replicas.sh
APP_ENV=production
HOST=127.0.0.1
SITE_URL=https://$domain

DATABASE_URL=postgresql://fastgpt_platform:$database_password@127.0.0.1:$database_port/fastgpt_platform
REDIS_HOST=127.0.0.1
REDIS_PASSWORD=

JWT_SECRET=$(openssl rand -hex 48)
SESSION_SECRET=$(openssl rand -hex 48)

# For the first sign-in. Change the password there, and remove this line.
ADMIN_EMAIL=admin@example.com
ADMIN_PASSWORD=$(openssl rand -hex 12)
END
  if [[ -z $with_postgres || -z $with_redis ]]; then
    echo "look at DATABASE_URL, REDIS_HOST and REDIS_PASSWORD in $settings/env: they expect PostgreSQL and Redis on this machine"
  fi
else
  echo "kept $settings/env"
fi
for port in "${ports[@]}"; do
  # One that was stopped comes back with what it had.
  if [[ ! -e $settings/$port.env && -e $settings/$port.env.stopped ]]; then
    mv "$settings/$port.env.stopped" "$settings/$port.env"
    echo "installed $settings/$port.env"
  fi
  [[ -e $settings/$port.env ]] ||
    put 600 root:root "$settings/$port.env" <<<"METRICS_ADDR=127.0.0.1:$((port - 5000 + 9464))"
done

# --- Files ----------------------------------------------------------------------------------------------------------

put 755 root:root /usr/local/bin/fastgpt-platform "$binary"
put 755 root:root /usr/local/sbin/fastgpt-platformctl deploy/fastgpt-platformctl.sh
put 755 root:root /usr/local/lib/fastgpt-platform/restart-replicas.sh deploy/restart-replicas.sh
[[ ! -f deploy/check-health.sh ]] ||
  put 755 root:root /usr/local/lib/fastgpt-platform/check-health.sh deploy/check-health.sh
put 644 root:root /usr/local/share/doc/fastgpt-platform/README.md README.md
put 644 root:root /usr/local/share/doc/fastgpt-platform/env.example .env.example
for unit in deploy/systemd/*; do put 644 root:root "/etc/systemd/system/${unit##*/}" "$unit"; done

install -d -m 755 /var/www/fastgpt-acme

upstream() {
  local port
  sed '/^server\|^$/,$d' deploy/nginx/upstream.conf
  for port in "${ports[@]}"; do sed -n "s/^server 127.0.0.1:5000 max_fails=1/server 127.0.0.1:$port max_fails=1/p" deploy/nginx/upstream.conf; done
  for port in "${ports[@]}"; do sed -n "s/^server 127.0.0.1:5000 max_fails=0/server 127.0.0.1:$port max_fails=0/p" deploy/nginx/upstream.conf; done
}

put 644 root:root "$snippets/upstream.conf" < <(upstream)
put 644 root:root /etc/nginx/sites-available/fastgpt-platform < <(sed "s/your-domain\.com/$name/" nginx.conf)
install -d /etc/nginx/sites-enabled
link ../sites-available/fastgpt-platform /etc/nginx/sites-enabled/fastgpt-platform
if [[ -e /etc/letsencrypt/live/$name/fullchain.pem ]]; then
  link "/etc/letsencrypt/live/$name" "$snippets/tls"
  put 644 root:root "$snippets/tls.conf" deploy/nginx/tls.conf
fi

# --- Start ----------------------------------------------------------------------------------------------------------

if command -v nginx >/dev/null; then
  nginx -t -q
  if runs_systemd; then systemctl reload-or-restart nginx; fi
fi
if runs_systemd; then
  systemctl daemon-reload
  systemctl enable --quiet fastgpt-platform.target fastgpt-platform-backup.timer "${ports[@]/#/fastgpt-platform@}"
  [[ ! -f deploy/check-health.sh ]] || systemctl enable --quiet --now fastgpt-platform-check-health.timer
  systemctl start fastgpt-platform-backup.timer
  for port in "${ports[@]}"; do systemctl restart "fastgpt-platform@$port"; done
  systemctl start fastgpt-platform.target
  # Nginx does not ask these any more.
  ((${#surplus[@]} == 0)) || systemctl disable --quiet --now "${surplus[@]/#/fastgpt-platform@}"
else
  echo 'systemd does not run here: nothing was started'
fi
for port in "${surplus[@]}"; do
  mv "$settings/$port.env" "$settings/$port.env.stopped"
  echo "stopped the replica on port $port; what it had for itself is in $settings/$port.env.stopped"
done

# The console last, since pages that are already new would ask old backends for what they do not have yet.
# Files of the build first, the page that names them last. Older ones stay: pages that are open still ask for them.
while IFS= read -r file; do
  put 644 root:root "/var/www/fastgpt-platform/${file#"$console"/}" "$file" >/dev/null
done < <(find "$console" -type f ! -name index.html && echo "$console/index.html")
find /var/www/fastgpt-platform/assets -type f -mtime +90 ! -newer /var/www/fastgpt-platform/index.html -delete

cat <<END

FastGPT Platform is installed. Its settings are in $settings/env, the first administrator's password among them.
END
[[ -e $snippets/tls.conf ]] || cat <<END
Certificates, then this script again, which turns HTTPS on:
  sudo apt-get install certbot
  sudo certbot certonly --webroot -w /var/www/fastgpt-acme -d $name --deploy-hook 'systemctl reload nginx'
END
cat <<END
What is still to be done:
  sudo fastgpt-platformctl doctor --production
Each WebSocket takes two connections of Nginx: raise worker_connections in /etc/nginx/nginx.conf for more than some 300 people.
END
