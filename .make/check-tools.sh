#!/bin/sh
# Says which of the tools that a build needs are missing or too old, all at once.
cd "$(dirname "$0")/.." || exit

status=0

# need <tool> <oldest version> <version found, empty when missing> <how to get it>
need() {
  if [ -z "$3" ]; then
    echo "$1 is missing. $4" >&2
  elif ! printf '%s\n' "$2" "$3" | sort -C -V; then
    echo "$1 $3 is too old: at least $2 is needed. $4" >&2
  else
    return
  fi
  status=1
}

rust=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
need Rust "$rust" "$(rustc --version 2>/dev/null | cut -d' ' -f2)" "Install it from https://rustup.rs, or update it with: rustup update"
need Cargo "$rust" "$(cargo --version 2>/dev/null | cut -d' ' -f2)" "It comes with Rust, from https://rustup.rs"
# The oldest that Vite runs on.
need Node.js 20.19 "$(node --version 2>/dev/null | tr -d v)" "Install it from https://nodejs.org"
need npm 10 "$(npm --version 2>/dev/null)" "It comes with Node.js, from https://nodejs.org"
# SQLite is compiled from C, and Rust links with it.
need "A C compiler (cc)" 4 "$(cc -dumpversion 2>/dev/null)" "On Debian or Ubuntu: apt install build-essential"

exit $status
