#!/usr/bin/env bash
# A command of the platform with the settings and the user of its service, such as
#   sudo fastgpt-platformctl doctor --production
#   sudo fastgpt-platformctl admin create --email someone@example.com
set -Eeuo pipefail

set -a
# shellcheck source=/dev/null
source /etc/fastgpt-platform/env
export DATA_DIR=/var/lib/fastgpt-platform BACKUP_DIR=/var/backups/fastgpt-platform
cd "$DATA_DIR"
exec setpriv --reuid fastgpt-platform --regid fastgpt-platform --init-groups /usr/local/bin/fastgpt-platform "$@"
