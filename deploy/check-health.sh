#!/bin/sh
# Watches an installation from cron: runs `fastgpt-platform doctor` and raises an alarm when something fails.
#
#   */5 * * * * cd /opt/fastgpt-platform && WEBHOOK_URL=https://… deploy/check-health.sh
#
# Silent when all is well, and while nothing changes. Prints (cron mails that) and, with WEBHOOK_URL, posts what failed:
# at once, again when other checks fail, and every six hours; then once that all is well again. To be run in the folder
# of .env. Exits 0 when all is well, 1 when something failed.
#
#   FASTGPT_PLATFORM  the program [fastgpt-platform]
#   WEBHOOK_URL       a robot of DingTalk, WeCom or Feishu, or anything that takes {"text": "…"}, such as Slack [none]
#   STATE_FILE        what the last alarm was [~/.local/state/fastgpt-platform/health]
#   REPEAT_AFTER      seconds until an alarm is raised again [21600]
set -u
export LC_ALL=C

platform=${FASTGPT_PLATFORM:-fastgpt-platform}
state=${STATE_FILE:-${XDG_STATE_HOME:-$HOME/.local/state}/fastgpt-platform/health}
repeat_after=${REPEAT_AFTER:-21600}

# A text as the inside of a JSON string.
escaped() {
  printf '%s' "$1" | tr '\t' ' ' | tr -d '\000-\010\013-\037' | sed 's/\\/\\\\/g; s/"/\\"/g' |
    awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }'
}

# The beginning of a text, in bytes: whole lines where there are any, and never half of a character.
beginning() { # <text> <bytes>
  printf '%s\n' "$1" | awk -v most="$2" '
    { size += length($0) + 1 }
    size <= most { print; next }
    { if (NR < 3) { cut = substr($0, 1, most - size + length($0) + 1); sub(/[\300-\377][\200-\277]*$/, "", cut); print cut }
      print "…"; exit }'
}

post() { # <text>
  most=4000
  # The robot of WeCom refuses more than 2048 bytes.
  case $WEBHOOK_URL in *weixin.qq.com/*) most=2000 ;; esac
  text=$(escaped "$(beginning "$1" "$most")")
  case $WEBHOOK_URL in
  *dingtalk.com/* | *weixin.qq.com/*) body="{\"msgtype\":\"text\",\"text\":{\"content\":\"$text\"}}" ;;
  *feishu.cn/* | *larksuite.com/*) body="{\"msg_type\":\"text\",\"content\":{\"text\":\"$text\"}}" ;;
  *) body="{\"text\":\"$text\"}" ;;
  esac
  # Neither stands on the command line, which other users see: the address, a secret, comes by standard input, the body
  # from a file that nobody else reads. A disk that is full has to be told of all the same.
  trap 'rm -f "$file"' EXIT
  trap 'exit 1' HUP INT TERM
  data=$body
  if file=$(mktemp "${TMPDIR:-/tmp}/fastgpt-platform-alarm.XXXXXX") && printf '%s' "$body" >"$file"; then data=@$file; fi
  printf 'url = "%s"\n' "$WEBHOOK_URL" | curl --silent --show-error --fail --max-time 10 --output /dev/null \
    --header 'Content-Type: application/json' --data-binary "$data" --config -
}

tell() { # <text>
  printf '%s\n' "$1"
  if [ -n "${WEBHOOK_URL:-}" ]; then post "$1"; fi
}

report=$("$platform" doctor 2>&1)
status=$?
failed=$(printf '%s\n' "$report" | awk '/^  [^ ]+ / { shown = ($1 == "✗") } /^$/ { shown = 0 } shown')
# Outside production a server that does not run is but a warning to doctor.
if [ "$status" -eq 0 ] && ! health=$("$platform" healthcheck 2>&1); then
  status=1
  failed="  ✗ Server: not ready: $health"
fi
# A doctor who cannot even begin.
if [ "$status" -ne 0 ] && [ -z "$failed" ]; then failed="  ✗ Doctor: $report"; fi
# What failed, without figures that change from one time to the next.
names=$(printf '%s\n' "$failed" | sed -n 's/^  ✗ \([^:]*\):.*/\1/p' | sort)

if [ "$status" -eq 0 ]; then
  [ -e "$state" ] || exit 0
  # Without a state it would not be told again, so the state goes last.
  tell "FastGPT Platform on $(uname -n) has recovered" && rm -f "$state"
  exit 0
fi

now=$(date +%s)
if [ -e "$state" ]; then
  told_at=$(sed -n 1p "$state")
  if [ "$(sed 1d "$state")" = "$names" ] && [ $((now - told_at)) -lt "$repeat_after" ]; then exit 1; fi
fi
# An alarm that did not get through is raised again the next time.
if tell "FastGPT Platform on $(uname -n) needs help:
$failed"; then
  mkdir -p "$(dirname "$state")" && printf '%s\n%s\n' "$now" "$names" >"$state"
fi
exit 1
