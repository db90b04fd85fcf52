#!/bin/sh
# Installs what the tests need and is missing: Debian packages, as root or with sudo.
set -eu
missing=
need() { # need PROGRAM PACKAGE
  command -v "$1" > /dev/null 2>&1 || missing="$missing $2"
}
need git git
need ssh-keygen openssh-client
need sqlite3 sqlite3
need sha256sum coreutils
need jq jq
need strace strace
need script bsdutils
[ -z "$missing" ] && exit 0
echo "Installing:$missing"
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
