#!/bin/sh
# lint-deploy.sh: every file of the deployment by the public schema of its kind, then a mistake of
# each kind planted and found, then the scripts with scripted peers. The checks are in tests/deploy;
# npm gets their packages at the first run only, into build/deploy.
set -eu

cd -- "$(dirname -- "$0")/.."
. scripts/common.sh

root=$PWD work=build/deploy
node -e 'process.exit(process.versions.node.split(".")[0] >= 18 ? 0 : 1)' ||
  fail "lint-deploy: node $(node --version) is too old, 18 is wanted"
mkdir -p "$work"
key=$(node --version && cd tests/deploy && cksum package.json package-lock.json)
if [ "$(cat "$work/packages" 2>/dev/null)" != "$key" ]; then
  rm -rf "$work/packages" "$work/node_modules"
  cp tests/deploy/package.json tests/deploy/package-lock.json "$work"
  # Without scripts, and without a cache in the home folder.
  (cd "$work" && npm ci --include=dev --ignore-scripts --no-audit --no-fund --no-update-notifier \
    --fetch-retries=1 --cache=npm-cache) || fail 'lint-deploy: npm cannot get its packages'
  rm -rf "$work/npm-cache"
  echo "$key" >"$work/packages"
fi
# Beside their packages, where node looks for them.
cp tests/deploy/*.mjs "$work"

shellcheck deploy/*.sh
node "$work/lint.mjs" "$root"
prove --merge --exec node "$work/mistakes_test.mjs" "$work/scripts_test.mjs" :: "$root"
