#!/bin/sh
# Deploys a tagged version to an environment: deploy.sh ENVIRONMENT VERSION
set -eu
cd "$(dirname "$0")"
echo "deploying $2 to $1"
git -C app show "v$2:app.conf" > "env/$1/app.conf.new"
mv "env/$1/app.conf.new" "env/$1/app.conf"
echo "deployed"
