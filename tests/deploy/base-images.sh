# shellcheck shell=bash
# Stand-ins for the base images where no registry of containers can be reached: Debian by debootstrap, its packages,
# and this machine's Rust and Node. They carry the names that the Dockerfile and the compose files ask for.
# Sourced by containers.sh.

# default_of <ARG>: the image that the Dockerfile names.
default_of() {
  sed -n "s/^ARG $1=//p" Dockerfile
}

# image_of <service>: the image that the compose files name, without its registry's default.
image_of() {
  sed -nE "s/^ *image: .*\\$\\{$1:-(.*)\\}$/\\1/p" docker-compose.yml docker-compose.production.yml | head -n 1
}

# base_image <image> <command…>: pulls it, or has the command make it from standard input's Containerfile.
base_image() {
  local image=$1
  podman image exists "$image" && return
  timeout 20 podman pull --quiet "$image" 2>/dev/null && return
  echo "$image cannot be pulled; making a stand-in"
  "${@:2}" "$image"
}

make_debian() { # <image>
  local folder
  folder=$(mktemp -d)
  as_root debootstrap --variant=minbase --include=ca-certificates bookworm "$folder" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >/dev/null
  as_root tar -C "$folder" -c . | podman import --quiet - "$1"
  as_root rm -rf "$folder"
}

# build_base <image> <folder>: from the Containerfile on standard input.
build_base() {
  # shellcheck disable=SC2154 # of containers.sh
  podman build "${build_options[@]}" --quiet --tag "$1" --file - "$2" </dev/stdin
}

apt='RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends'

make_rust() { # <image>
  local folder toolchain
  folder=$(mktemp -d)
  toolchain=$(rustc --print sysroot)
  cp -a "$(realpath "$toolchain")" "$folder/toolchain"
  rm -rf "$folder/toolchain/share/doc"
  build_base "$1" "$folder" <<END
FROM $(default_of DEBIAN_IMAGE)
$apt gcc libc6-dev
COPY toolchain /usr/local
END
  rm -rf "$folder"
}

make_node() { # <image>
  local folder
  folder=$(mktemp -d)
  mkdir -p "$folder/lib/node_modules"
  cp "$(command -v node)" "$folder/node"
  cp -a "$(realpath "$(command -v npm)" | sed 's#/bin/npm-cli.js##')" "$folder/lib/node_modules/npm"
  build_base "$1" "$folder" <<END
FROM $(default_of DEBIAN_IMAGE)
COPY node /usr/local/bin/node
COPY lib /usr/local/lib
RUN apt-get update -qq && ldd /usr/local/bin/node && ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \\
    && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx && npm --version
END
  rm -rf "$folder"
}

make_nginx() { # <image>
  build_base "$1" /var/empty <<END
FROM $(default_of DEBIAN_IMAGE)
$apt nginx-light curl
RUN rm -rf /etc/nginx/sites-* /etc/nginx/modules-enabled
END
}

# Like the official one: PostgreSQL as user 999, its first start makes the database that the environment names.
make_postgres() { # <image>
  local folder
  folder=$(mktemp -d)
  cat >"$folder/docker-entrypoint.sh" <<'END'
#!/bin/sh
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf '%s' "${POSTGRES_PASSWORD:?}" >/tmp/password
  initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl --options='-c listen_addresses=' --wait start
  createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl --mode=fast --wait stop
fi
exec "$@" -c listen_addresses='*'
END
  chmod 755 "$folder/docker-entrypoint.sh"
  build_base "$1" "$folder" <<END
FROM $(default_of DEBIAN_IMAGE)
RUN groupadd --gid 999 postgres && useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql postgres
$apt postgresql-15 && rm -rf /var/lib/postgresql/15 && install -d -o 999 -g 999 -m 1777 /var/lib/postgresql/data /var/run/postgresql
COPY docker-entrypoint.sh /usr/local/bin/
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
END
  rm -rf "$folder"
}

make_redis() { # <image>
  build_base "$1" /var/empty <<END
FROM $(default_of DEBIAN_IMAGE)
RUN groupadd --gid 999 redis && useradd --uid 999 --gid 999 --home-dir /data redis
$apt redis-server && install -d -o 999 -g 999 /data
VOLUME /data
WORKDIR /data
CMD ["redis-server"]
END
}

make_prometheus() { # <image>
  build_base "$1" /var/empty <<END
FROM $(default_of DEBIAN_IMAGE)
$apt prometheus && install -d -o 65534 -g 65534 /prometheus
ENTRYPOINT ["prometheus"]
USER 65534
VOLUME /prometheus
END
}

base_images() {
  mkdir -p /var/empty
  base_image "$(default_of DEBIAN_IMAGE)" make_debian
  base_image "$(default_of NODE_IMAGE)" make_node
  base_image "$(default_of RUST_IMAGE)" make_rust
  base_image "$(default_of NGINX_IMAGE)" make_nginx
  base_image "$(image_of POSTGRES_IMAGE)" make_postgres
  base_image "$(image_of REDIS_IMAGE)" make_redis
  base_image "$(image_of PROMETHEUS_IMAGE)" make_prometheus
}
