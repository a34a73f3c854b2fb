#!/usr/bin/env bash
# Runs the server on port 5000 and Vite on port 3000 until one of them ends or Ctrl-C ends both.
set -euo pipefail
cd "$(dirname "$0")/.."

pids=()
trap 'trap "" INT TERM; kill "${pids[@]}" 2>/dev/null; wait' EXIT
trap 'exit 0' INT TERM

(cd frontend && npm run --silent generate && exec node_modules/.bin/vite --port 3000 --strictPort) &
pids+=($!)

if command -v watchexec >/dev/null; then
  watchexec --restart --quiet --watch src --watch migration --watch Cargo.toml -- cargo run &
else
  echo 'The server is not restarted when its source changes: watchexec (cargo install watchexec-cli) would do it.'
  # Not `cargo run`, which does not pass a signal on to the server.
  (cargo build && exec "${CARGO_TARGET_DIR:-target}/debug/fastgpt-platform") &
fi
pids+=($!)

wait -n
