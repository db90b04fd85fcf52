#!/bin/sh
# The quickstart: releases 1.1 and 1.2 of a small real application, then 1.3, whose check of production fails and
# turns production back. Everything happens under target/quickstart.
#
#   run.sh RELPLAN SHOP
set -eu
relplan=$1
shop=$2
folder=target/quickstart

stop() {
  for pid in "$folder"/env/*.pid; do
    [ -f "$pid" ] && kill "$(cat "$pid")" 2> /dev/null || true
  done
}
trap stop EXIT INT TERM
stop
sh plans/quickstart/setup.sh "$folder" "$shop"
cd "$folder"
folder=.

say() { printf '\n\033[1m$ relplan %s\033[0m\n' "$*"; "$relplan" "$@"; }
expect() { # expect CODE what...: the command leaves with the code
  wanted=$1
  shift
  code=0
  say "$@" || code=$?
  [ "$code" = "$wanted" ] || { echo "quickstart: expected exit code $wanted, got $code" >&2; exit 1; }
}

expect 0 plan releases/v1.1.hcl
expect 0 apply -auto-approve releases/v1.1.hcl
expect 0 plan releases/v1.2.hcl
expect 0 apply -auto-approve releases/v1.2.hcl
expect 0 plan releases/v1.2.hcl
expect 0 state list
expect 0 state show exec_deployment.prod
expect 0 output
expect 0 snapshots
expect 0 verify -how=restore sqlite_snapshot.before
expect 0 restore -into=restored.sqlite sqlite_snapshot.before
expect 0 state verify

echo
echo "Release 1.3 breaks the cart in production. Its smoke test fails, and production is turned back:"
expect 5 apply -auto-approve releases/v1.3.hcl
expect 0 state show exec_deployment.prod
[ "$(./live.sh prod)" = 1.2.0 ] || { echo "quickstart: production is not at 1.2.0" >&2; exit 1; }
expect 0 state verify

echo
echo "That was it. Look around in target/quickstart, and at docs/concepts.md."
