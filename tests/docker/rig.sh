# What the tests in this folder share: sourced, never run. POSIX sh, TAP.
#
# scripts/test-docker.sh runs them, with an engine, the base images and WORK, a folder.
# shellcheck shell=sh
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(CDPATH='' cd -- "$here/../.." && pwd -P)
. "$root/scripts/common.sh"
cd "$root" || exit 1

points=0 failed=0
# Where the router is, and what the containers of compose belong to.
url='' project=''

# ok STATUS NAME...: a test point that holds when STATUS is 0. Its own status tells whether it did.
ok() {
  points=$((points + 1))
  verdict=ok
  if [ "$1" != 0 ]; then
    verdict='not ok'
    failed=$((failed + 1))
  fi
  shift
  echo "$verdict $points - $*"
  [ "$verdict" = ok ]
}

# is GOT WANT NAME...
is() {
  got=$1 want=$2
  shift 2
  if [ "$got" = "$want" ]; then
    ok 0 "$@"
  else
    ok 1 "$@"
    diag "got: $got"
    diag "want: $want"
  fi
}

# holds TEXT PART NAME...
holds() {
  text=$1 part=$2
  shift 2
  case $text in
  *"$part"*) ok 0 "$@" ;;
  *)
    ok 1 "$@"
    diag "no $part in: $text"
    ;;
  esac
}

diag() {
  printf '%s\n' "$*" | sed 's/^/# /'
}

# What was measured: scripts/test-docker.sh prints it at the end.
figure() {
  printf '%s\n' "$*" >>"$WORK/figures"
}

# The end of a test program.
finish() {
  echo "1..$points"
  [ "$failed" = 0 ]
  exit
}

# The rest cannot run.
bail() {
  ok 1 "$@"
  finish
}

# until_ok SECONDS COMMAND...: waits until it succeeds.
until_ok() {
  limit=$(($(date +%s) + $1))
  shift
  until "$@"; do
    [ "$(date +%s)" -lt "$limit" ] || return 1
    pause
  done
}

now_ms() {
  date +%s%3N
}

# A port of loopback where nobody listens: $1 if it is free, or the next.
port_from() {
  port=$1
  while ss -Htln "sport = :$port" | grep -q .; do
    port=$((port + 1))
  done
  echo "$port"
}

# docker-compose 1 or docker compose 2, whichever there is.
composer() {
  if have docker-compose; then
    docker-compose "$@"
  else
    docker compose "$@"
  fi
}

# The container of service $1 of $project.
container() {
  docker ps -aq --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$1"
}

inspect() {
  docker inspect -f "$2" "$1"
}

# Asks the admin listener of container $1, from inside of its network, for $2.
admin() {
  nsenter -t "$(inspect "$1" '{{.State.Pid}}')" -n curl -s -m 3 "http://127.0.0.1:9090$2"
}

# The answer to GET $1, or to POST $1 with JSON $2, through the router at $url; status in the last line.
ask() {
  if [ $# = 1 ]; then
    curl -s -m 5 -w '\n%{http_code}' "$url$1"
  else
    curl -s -m 5 -w '\n%{http_code}' -H 'Content-Type: application/json' -d "$2" "$url$1"
  fi
}

status() {
  ask "$@" | tail -n 1
}

has_value() {
  case $(ask /api/values/current) in *"\"$1\":\"$2\""*) return 0 ;; esac
  return 1
}

answers() {
  [ "$(status "$1")" = 200 ]
}

healthy() {
  [ "$(inspect "$1" '{{.State.Health.Status}}')" = healthy ]
}

# Builds the images, unless a test before has.
need_images() {
  for service in router web api worker; do
    docker image inspect "$PREFIX/$service:$TAG" >/dev/null 2>&1 && continue
    make -s images >"$WORK/images.log" 2>&1 && return
    diag "$(tail "$WORK/images.log")"
    bail 'make images'
  done
}

# Everything that a browser would do.
end_to_end() {
  until_ok 30 answers /api/values/all
  ok $? 'the application answers through the router'
  holds "$(ask /)" '<!doctype html>' 'GET / is the page'
  is "$(ask /api/)" "$(printf 'Hi\n200')" 'GET /api/ is the API'
  is "$(ask /api/values '{"index":5}')" "$(printf '{"working":true}\n200')" 'an index is taken'
  is "$(ask /api/values '{"index":"20"}')" "$(printf '{"working":true}\n200')" 'one in quotes, too'
  is "$(status /api/values '{"index":10001}')" 422 'one above the limit is not'
  until_ok 15 has_value 5 8
  ok $? 'f(5) is computed'
  until_ok 15 has_value 20 10946
  ok $? 'f(20) is computed'
  holds "$(ask /api/values/all)" '{"number":5}' 'it is among all that was asked for'
  is "$(status /missing.js)" 404 'a file that is not there'
}

# The peak of container $1's memory and its limit, in KiB. One control group hierarchy or the other.
memory() {
  pid=$(inspect "$1" '{{.State.Pid}}')
  group=$(sed -n -e 's/^[0-9]*:memory://p' "/proc/$pid/cgroup")
  folder=/sys/fs/cgroup/memory$group
  peak=memory.max_usage_in_bytes limit=memory.limit_in_bytes
  if [ ! -d "$folder" ] || [ -z "$group" ]; then
    folder=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
    peak=memory.peak limit=memory.max
  fi
  [ -r "$folder/$peak" ] || peak=memory.current
  echo "$(($(cat "$folder/$peak") / 1024)) $(($(cat "$folder/$limit") / 1024)) $(awk '/^VmHWM/ {print $2}' "/proc/$pid/status")"
}

# Container $1, called $2, has stayed inside of its limit and was never killed for it.
fits() {
  # shellcheck disable=SC2046
  set -- "$1" "$2" $(memory "$1")
  [ "$3" -lt "$4" ]
  ok $? "$2: memory inside of its limit"
  test=${0##*/}
  figure "$(printf '%-8s %-6s memory at most %5d of %d KiB, resident %3d' "${test%_test.sh}" "$2" "$3" "$4" "$5")"
  is "$(inspect "$1" '{{.State.OOMKilled}} {{.RestartCount}}')" 'false 0' "$2: never killed, never restarted"
}
