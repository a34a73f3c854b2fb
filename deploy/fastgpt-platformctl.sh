#!/usr/bin/env bash
# A command of the platform with the settings and the user of its service, such as
#   sudo fastgpt-platformctl doctor --production
#   sudo fastgpt-platformctl admin create --email someone@example.com
# What one replica has for itself counts where PORT names it, and for commands that look at a server: PORT=5001 …
set -Eeuo pipefail

settings=/etc/fastgpt-platform

# read_settings <file>: exports what systemd would take from the file as its EnvironmentFile. Nothing is evaluated: for
# systemd `$`, backticks and `&` are characters, and root reads this. Its rules, as in its src/basic/env-file.c:
# lines that begin with # or ; are comments; a value may be quoted, and end lines then; \ takes its meaning from the next.
read_settings() {
  local LC_ALL=C text character state=key name='' value='' spaces='' i
  IFS= read -r -d '' text <"$1" || true
  for ((i = 0; i < ${#text}; i++)); do
    character=${text:i:1}
    case $state:$character in
    key:[$'\n\r'])
      name=''
      ;;
    key:[#\;])
      if [[ $name ]]; then name+=$character; else state=comment; fi
      ;;
    key:=)
      # Nothing in front of it is no name either.
      if [[ $name ]]; then state=begin; else name='='; fi
      ;;
    key:[$' \t'])
      [[ ! $name ]] || name+=$character
      ;;
    key:*)
      name+=$character
      ;;

    begin:[$'\n\r'] | value:[$'\n\r'])
      take_setting "$name" "$value"
      state=key name='' value='' spaces=''
      ;;
    begin:\') state=single ;;
    begin:\") state=double ;;
    begin:\\ | value:\\)
      value+=$spaces spaces='' state=escape
      ;;
    begin:[$' \t']) ;;
    # Those at the end are not a part of it.
    value:[$' \t']) spaces+=$character ;;
    begin:* | value:*)
      value+=$spaces$character spaces='' state=value
      ;;
    escape:[$'\n\r']) state=value ;;
    escape:*)
      value+=$character state=value
      ;;

    single:\') state=begin ;;
    double:\") state=begin ;;
    double:\\) state=quoted-escape ;;
    single:* | double:*) value+=$character ;;
    quoted-escape:[\"\\\`$]) value+=$character state=double ;;
    quoted-escape:$'\n') state=double ;;
    quoted-escape:*) value+=\\$character state=double ;;

    comment:\\) state=comment-escape ;;
    comment:[$'\n\r']) state=key ;;
    comment-escape:*) state=comment ;;
    esac
  done
  case $state in
  key | comment*) ;;
  *) take_setting "$name" "$value" ;;
  esac
}

take_setting() { # <name> <value>
  set -- "${1%"${1##*[!$' \t']}"}" "$2"
  if ! [[ $1 =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || ! declare -gx "$1=$2" 2>/dev/null; then
    # Without the value, which may be a secret.
    echo "fastgpt-platformctl: ignored, as systemd does: $1" >&2
  fi
}

# In the order of the unit: what a file says counts more than what stands in the unit, the replica's own file most.
export DATA_DIR=/var/lib/fastgpt-platform BACKUP_DIR=/var/backups/fastgpt-platform
replica=${PORT:-}
case ${1:-} in
doctor | healthcheck) replica=${replica:-5000} ;;
esac
[[ ! $replica ]] || export PORT=$replica
read_settings "$settings/env"
[[ ! $replica || ! -e $settings/$replica.env ]] || read_settings "$settings/$replica.env"
cd /var/lib/fastgpt-platform
exec /usr/bin/setpriv --reuid fastgpt-platform --regid fastgpt-platform --init-groups /usr/local/bin/fastgpt-platform "$@"
