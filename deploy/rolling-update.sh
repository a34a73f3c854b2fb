#!/usr/bin/env bash
# Brings the production containers to the version that is checked out, one replica after the other, so that nobody
# notices. Run it in the project's folder after `git pull`.
set -Eeuo pipefail
cd "$(dirname "$0")/.."

compose() {
  docker compose -f docker-compose.yml -f docker-compose.production.yml "$@"
}

compose build
# A backup that the new version can be undone with.
compose exec -T backup fastgpt-platform backup
for replica in backend backend-2; do
  compose up --detach --no-deps --wait "$replica"
  # Healthy by its own word; the next one goes when Nginx reaches it.
  compose exec -T frontend curl --fail --silent --output /dev/null --max-time 2 \
    --retry 30 --retry-delay 1 --retry-all-errors "http://$replica:5000/health/live"
done
# Last, since pages that are already new would ask old backends for what they do not have yet.
compose up --detach --wait
