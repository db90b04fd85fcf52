#!/bin/sh
# Sets up a small but real application in a folder: a git repository with a branch for each release, a database with
# data, and a service for each of two environments.
#
#   setup.sh FOLDER SHOP     SHOP is the application's program, built from fixtures/shop
set -eu
folder=$1
shop=$2
here=$(cd "$(dirname "$0")" && pwd)

rm -rf "$folder"
mkdir -p "$folder/env/dev" "$folder/env/prod" "$folder/app" "$folder/releases"
cp "$here"/releases/*.hcl "$folder/releases/"
cp "$here/deploy.sh" "$here/live.sh" "$folder/"

cd "$folder/app"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git init --quiet --initial-branch main
git config user.name "Quickstart"
git config user.email "quickstart@example.com"
for release in 1.1 1.2 1.3; do
  # The cart of 1.3 is broken in production: its smoke test finds out.
  cart=ok
  [ "$release" = 1.3 ] && cart=broken
  printf 'version=%s.0\ncart=%s\n' "$release" "$cart" > app.conf
  git add app.conf
  git commit --quiet --message "Shop $release"
  git branch "release-$release"
done
cd ..

"$shop" init shop.sqlite
for environment in dev prod; do
  "$shop" serve "env/$environment" "env/$environment.port" > "env/$environment.log" 2>&1 &
  echo $! > "env/$environment.pid"
done
for environment in dev prod; do
  tries=0
  until [ -s "env/$environment.port" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { echo "the service of $environment did not start" >&2; exit 1; }
    sleep 0.1
  done
done
cat > releases/environments.auto.vars.hcl <<VARS
dev_url  = "http://127.0.0.1:$(cat env/dev.port)"
prod_url = "http://127.0.0.1:$(cat env/prod.port)"
VARS
