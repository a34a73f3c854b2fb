#!/usr/bin/env bash
# Restarts the replicas of this machine one after the other, each when the one before is ready: nobody notices.
set -Eeuo pipefail

mapfile -t replicas < <(systemctl list-units --plain --no-legend --state=active 'fastgpt-platform@*.service' | cut -d' ' -f1)
if ((${#replicas[@]} == 0)); then
  echo 'no replica is running: systemctl start fastgpt-platform.target' >&2
  exit 1
fi
for replica in "${replicas[@]}"; do
  echo "restarting $replica"
  # Returns when the replica has told systemd that it is ready.
  systemctl restart "$replica"
done
