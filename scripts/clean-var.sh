#!/bin/sh
# Removes var/, where `make run` keeps the data of its PostgreSQL and Redis, and what of it had to
# go elsewhere. Stops what a killed run has left; refuses while `make run` runs.
set -eu

here=$(dirname -- "$0")
. "$here/common.sh"

root=$(checkout "$0")
var=$root/var
[ -e "$var" ] || [ -L "$var" ] || exit 0

recorded "$var/run/lock" && fail "make run is running here (process $pid): stop it first."
[ ! -d "$var/run" ] || end_all_recorded "$var/run"

# Only what run.sh has made: a link to anything else is the user's, and only the link goes.
if [ -L "$var/postgres" ]; then
  target=$(readlink "$var/postgres")
  case ${target#/var/tmp/barnacle-} in
  "$target" | */* | *[!0-9-]*) ;;
  *) [ -L "$target" ] || rm -rf "$target" ;;
  esac
fi
rm -rf "$var"
