#!/bin/sh
# What cargo-deny holds against the dependencies: licences, bans, sources, and the advisories of fixtures/advisories.
#   tests/advisories.sh                 checks
#   tests/advisories.sh refresh CLONE   takes the advisories anew, from a clone of RustSec's advisory-db
set -eu
cd "$(dirname "$0")/.."
kept=fixtures/advisories

# The names of all crates in the lock file.
locked() {
  sed -n 's/^name = "\(.*\)"$/\1/p' Cargo.lock | LC_ALL=C sort -u
}

if [ "${1:-}" = refresh ]; then
  clone=$2
  rm -rf "$kept/crates"
  git -C "$clone" ls-tree --name-only HEAD:crates | LC_ALL=C sort > "$kept/names"
  locked | LC_ALL=C comm -12 - "$kept/names" | while read -r name; do
    git -C "$clone" ls-tree --name-only "HEAD:crates/$name" | while read -r file; do
      mkdir -p "$kept/crates/$name"
      # What it is about and its title; the rest can be read at RustSec.
      git -C "$clone" show "HEAD:crates/$name/$file" | awk '/^```$/ { read = 1 } { print } read && /^# / { exit }' > "$kept/crates/$name/$file"
      printf '\nSee https://rustsec.org/advisories/%s\n' "${file%.md}" >> "$kept/crates/$name/$file"
    done
  done
  git -C "$clone" log -1 --date=short --format='%H %cd' > "$kept/taken"
  echo "Taken: the advisories of $(ls "$kept/crates" | wc -l) crates, as of $(cut -d' ' -f2 "$kept/taken")"
  exit
fi

# A crate that came in after the advisories were taken may have some that are not here.
missing=$(locked | LC_ALL=C comm -12 - "$kept/names" | while read -r name; do
  [ -d "$kept/crates/$name" ] || echo "$name"
done)
if [ -n "$missing" ]; then
  echo "There are advisories about these crates that fixtures/advisories does not have:" $missing
  echo "Take them: sh tests/advisories.sh refresh CLONE, with a clone of RustSec's advisory-db."
  exit 1
fi
echo "Advisories as of $(cut -d' ' -f2 "$kept/taken"); newer ones are not looked at."

# cargo-deny wants a repository of git in its own place. That of `db-path` in deny.toml, and the name that it gives RustSec's.
place=target/tools/advisories/advisory-db-3157b0e258782691
rm -rf "$place"
mkdir -p "$place"
cp -r "$kept/crates" "$place/"
git -C "$place" init --quiet
git -C "$place" add --all
git -C "$place" -c user.name=relplan -c user.email=relplan@localhost -c commit.gpgsign=false commit --quiet --message "As of $(cat "$kept/taken")"
cargo fetch --locked --quiet
exec target/tools/deny/bin/cargo-deny --frozen --log-level error check --hide-inclusion-graph
