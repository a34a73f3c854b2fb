# Two images: `backend` (the default: API, console, command line) and `frontend` (Nginx with the console).
#
# Every base image and package source is an argument, for networks with mirrors of their own:
#   docker build --build-arg RUST_IMAGE=mirror.example/library/rust:1.95.0-slim-bookworm --build-arg NODE_IMAGE=… \
#     --build-arg DEBIAN_MIRROR=http://mirror.example/debian --build-arg NPM_REGISTRY=https://npm.mirror.example \
#     --build-arg CARGO_MIRROR=sparse+https://crates.mirror.example/index/ .
# docker-compose.yml passes the same names on from .env.
ARG NODE_IMAGE=docker.io/library/node:22.20.0-bookworm-slim
ARG RUST_IMAGE=docker.io/library/rust:1.95.0-slim-bookworm
ARG DEBIAN_IMAGE=docker.io/library/debian:12.12-slim
ARG NGINX_IMAGE=docker.io/library/nginx:1.28.0-bookworm

# --- The console ----------------------------------------------------------------------------------------------------

FROM ${NODE_IMAGE} AS console
WORKDIR /src/frontend
ARG NPM_REGISTRY=
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund ${NPM_REGISTRY:+--registry="$NPM_REGISTRY"}
COPY schema.graphql ../
COPY frontend ./
ARG VITE_API_URL=
RUN npm run build

# --- The server -----------------------------------------------------------------------------------------------------

FROM ${RUST_IMAGE} AS build
WORKDIR /src
ARG CARGO_MIRROR=
RUN if [ -n "$CARGO_MIRROR" ]; then \
      mkdir -p "${CARGO_HOME:-$HOME/.cargo}" && \
      printf '[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "%s"\n' "$CARGO_MIRROR" \
        >> "${CARGO_HOME:-$HOME/.cargo}/config.toml"; \
    fi
# Empty crates first: the dependencies, most of the work, are then a layer that only Cargo.lock changes.
COPY Cargo.toml Cargo.lock build.rs ./
COPY migration/Cargo.toml migration/
RUN mkdir -p src migration/src tests \
    && echo 'fn main() {}' | tee src/main.rs > tests/main.rs \
    && touch src/lib.rs migration/src/lib.rs \
    && cargo build --release --locked --bin fastgpt-platform \
    && rm -r src migration/src
COPY migration migration
COPY src src
COPY --from=console /src/frontend/dist frontend/dist
# Copied files keep their times, which may be older than the empty ones': Cargo would see no change.
RUN find src migration build.rs -exec touch {} + && cargo build --release --locked --bin fastgpt-platform

# --- Image: frontend ------------------------------------------------------------------------------------------------

FROM ${NGINX_IMAGE} AS frontend
COPY deploy/nginx/main.conf /etc/nginx/nginx.conf
COPY nginx.conf /etc/nginx/conf.d/default.conf
COPY deploy/nginx/upstream.conf /etc/nginx/fastgpt-platform/upstream.conf
COPY --from=console /src/frontend/dist /var/www/fastgpt-platform
RUN sed -i 's/127\.0\.0\.1:5000/backend:5000/' /etc/nginx/fastgpt-platform/upstream.conf \
    && ln -sf /dev/stdout /var/log/nginx/fastgpt-access.log \
    && ln -sf /dev/stderr /var/log/nginx/fastgpt-error.log \
    && mkdir -p /var/www/fastgpt-acme
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="FastGPT Platform: frontend" \
      org.opencontainers.image.description="Nginx with the console, in front of the platform" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
USER 101:101
EXPOSE 80 443
# Nginx lets requests finish.
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--show-error", "--output", "/dev/null", "http://127.0.0.1/"]
ENTRYPOINT ["nginx"]
CMD ["-g", "daemon off;"]

# --- Image: backend -------------------------------------------------------------------------------------------------

FROM ${DEBIAN_IMAGE} AS backend
ARG DEBIAN_MIRROR=
# pg_dump and pg_restore must be at least as new as the server of docker-compose.yml.
ARG POSTGRESQL_CLIENT=postgresql-client-15
RUN if [ -n "$DEBIAN_MIRROR" ]; then \
      find /etc/apt -name '*.sources' -o -name '*.list' | xargs sed -i "s#http://deb.debian.org/debian\( \|\$\)#$DEBIAN_MIRROR\1#"; \
    fi \
    && apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get upgrade --yes --no-install-recommends \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ca-certificates "$POSTGRESQL_CLIENT" \
    && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/debconf/*-old \
    && groupadd --gid 10001 platform \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin platform \
    && install -d -o 10001 -g 10001 -m 700 /data /backup
COPY --from=build /src/target/release/fastgpt-platform /usr/local/bin/fastgpt-platform
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="FastGPT Platform" \
      org.opencontainers.image.description="GraphQL gateway in front of FastGPT: accounts, sessions, administration and a console" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
ENV HOST=0.0.0.0 PORT=5000 DATA_DIR=/data BACKUP_DIR=/backup
USER 10001:10001
WORKDIR /data
VOLUME ["/data", "/backup"]
EXPOSE 5000 9464
# The server handles it as process 1: requests finish, sockets are told to connect elsewhere.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["fastgpt-platform", "healthcheck"]
ENTRYPOINT ["fastgpt-platform"]
CMD ["serve"]
