#!/bin/sh
# reproduce.sh SERVICE...: are the bytes the same wherever and whenever this commit is built? Builds
# copies of the sources in two folders of different length, with other times of the files, clock
# zone, language and umask, one with all cores and one with one, and compares what ships. TAP.
set -eu

here=$(dirname -- "$0")
. "$here/common.sh"

root=$(checkout "$0")
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
trap 'exit 1' INT TERM HUP
one=$there/a two=$there/a/rather/longer/name/of/a/folder

copy() {
  mkdir -p "$1"
  tar -C "$root" -c Makefile scripts src | tar -C "$1" -x
}

epoch=$(git -C "$root" log -1 --format=%ct 2>/dev/null) || epoch=0
export SOURCE_DATE_EPOCH="$epoch"
# The make that runs this would hand down its own.
unset MAKEFLAGS MFLAGS MAKELEVEL
copy "$one"
(umask 022 && cd "$one" && TZ=UTC LC_ALL=C make -j2 all sbom) >"$there/log.a" 2>&1 ||
  fail "$(tail "$there/log.a")"
mv "$one/build/ship" "$there/first"
rm -rf "$one"
copy "$two"
find "$two" -type f -exec touch -d '1999-12-31 23:59:59' {} +
(umask 077 && cd "$two" && TZ=Asia/Kolkata LC_ALL=C.UTF-8 make -j1 all sbom) >"$there/log.b" 2>&1 ||
  fail "$(tail "$there/log.b")"

bad=0 n=0
for name in "$@" barnacle.spdx.json; do
  n=$((n + 1))
  if cmp "$there/first/$name" "$two/build/ship/$name" >&2; then
    echo "ok $n - $name: the same bytes in both folders"
  else
    echo "not ok $n - $name: the same bytes in both folders"
    bad=1
  fi
done
echo "1..$n"
exit "$bad"
