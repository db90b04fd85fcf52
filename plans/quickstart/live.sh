#!/bin/sh
# Prints the version that is live in an environment: live.sh ENVIRONMENT
set -eu
cd "$(dirname "$0")"
[ -f "env/$1/app.conf" ] || exit 0
sed -n 's/^version=//p' "env/$1/app.conf"
