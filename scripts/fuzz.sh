#!/bin/sh
# fuzz.sh SECONDS NAME...: runs fuzz targets that are built (make fuzz), JOBS=2 at a time, from the
# corpus in the tree and from what earlier runs found, and says what came of it. New inputs go
# to build/fuzz/NAME, those that break something to build/fuzz/broken.
set -eu

cd -- "$(dirname -- "$0")/.."
found=build/fuzz

one() {
  seconds=$1 name=$2 log=$found/$2.log
  mkdir -p "$found/$name" "$found/broken"
  dict=tests/fuzz/${name%%_*}.dict # words of the language, one file for http_request, http_body, ...
  words=''
  [ ! -f "$dict" ] || words=-dict=$dict
  before=$(find "$found/$name" -type f | wc -l)
  status=0
  # Inputs of a kilobyte reach all that longer ones do, and sooner.
  "$found/bin/$name" -max_total_time="$seconds" -max_len=1024 -timeout=5 -rss_limit_mb=1024 \
    -reload=0 ${words:+"$words"} -artifact_prefix="$found/broken/$name-" -print_final_stats=1 \
    "$found/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1 || status=$?
  after=$(find "$found/$name" -type f | wc -l)
  stat() { sed -n "s/^stat::$1: *//p" "$log"; }
  printf '%-16s %9s runs %7s/s %5s new inputs, %s features\n' "$name" \
    "$(stat number_of_executed_units)" "$(stat average_exec_per_sec)" $((after - before)) \
    "$(sed -n 's/^#.* ft: \([0-9]*\).*/\1/p' "$log" | tail -n 1)"
  [ "$status" = 0 ] && return 0
  echo "$name: $(grep -m 1 -E '^broken promise|runtime error:|^==[0-9]*== *ERROR' "$log" || tail -n 1 "$log")"
  input=$(sed -n 's/.*Test unit written to //p' "$log")
  echo "$name: again by  $found/bin/$name ${input:-$found/$name}   (see $log)"
  return 1
}

if [ "$1" = one ]; then
  shift
  one "$@"
  exit
fi
seconds=$1
shift
printf '%s\n' "$@" | xargs -P "${JOBS:-2}" -n 1 "$0" one "$seconds" ||
  { echo 'fuzz: something was found'; exit 1; }
