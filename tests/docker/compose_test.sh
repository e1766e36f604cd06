#!/bin/sh
# compose.yaml: the whole application, its limits, and what is lost when something goes wrong (nothing).
# shellcheck disable=SC2317 # until_ok and took call them
. "$(dirname -- "$0")/rig.sh"

services='router web api worker'
project=barnacletest
PORT=$(port_from 3050)
export PORT LOG_LEVEL=info
url=http://127.0.0.1:$PORT
posted=$WORK/posted

compose() {
  composer -p "$project" -f compose.yaml "$@" >>"$WORK/compose.log" 2>&1
}

down() {
  compose down -v --timeout 10
}
trap down EXIT
trap 'exit 1' INT TERM HUP

# Posts the numbers from $1 on, some at a time, until $posted.stop is there; what was answered 200 goes
# to $posted.
post_on() {
  n=$1
  while [ ! -e "$posted.stop" ]; do
    [ "$(status /api/values "{\"index\":$n}")" = 200 ] && echo "$n" >>"$posted"
    n=$((n + 1))
  done
}

start_posting() {
  rm -f "$posted" "$posted.stop"
  : >"$posted"
  post_on "$1" &
  poster=$!
}

stop_posting() {
  : >"$posted.stop"
  wait "$poster"
}

posted_more_than() {
  [ "$(wc -l <"$posted")" -gt "$1" ]
}

# Every number in $posted has its value: none is missing, none is still to come.
all_computed() {
  ask /api/values/current >"$WORK/current"
  while read -r number; do
    grep -qE "\"$number\":\"[0-9]" "$WORK/current" || return 1
  done <"$posted"
}

all_recorded() {
  ask /api/values/all >"$WORK/all"
  while read -r number; do
    grep -q "{\"number\":$number}" "$WORK/all" || return 1
  done <"$posted"
}

nothing_lost() {
  all_recorded
  ok $? "$1: all $(wc -l <"$posted") that were answered are recorded"
  until_ok 40 all_computed
  ok $? "$1: and computed"
}

# Milliseconds that COMMAND... takes.
took() {
  began=$(now_ms)
  "$@"
  echo $(($(now_ms) - began))
}

test_up() {
  : >"$WORK/compose.log"
  compose build
  compose up -d || {
    diag "$(tail "$WORK/compose.log")"
    bail 'compose up'
  }
  for service in $services postgres redis; do
    until_ok 40 healthy "$(container "$service")"
    ok $? "$service: healthy, by its own health check"
  done
  end_to_end
  [ "$failed" = 0 ] || {
    docker logs "$(container postgres)" >>"$WORK/compose.log" 2>&1
    diag "$(tail "$WORK/compose.log")"
    bail 'without it there is nothing to test'
  }
}

test_confined() {
  for service in $services postgres redis; do
    is "$(inspect "$(container "$service")" '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}')" \
      'true [ALL] [no-new-privileges:true]' "$service: read-only, no capabilities, no new ones"
    pid=$(inspect "$(container "$service")" '{{.State.Pid}}')
    is "$(awk '/^Uid/ {print ($2 == 0)} /^CapEff/ {print $2} /^NoNewPrivs/ {print $2}' "/proc/$pid/status" | xargs)" \
      '0 0000000000000000 1' "$service: and so the kernel sees its process"
  done
  is "$(inspect "$(container api)" '{{.HostConfig.Memory}}')" 16777216 'api: at most 16 MiB'
  # What is not published cannot be reached: only the router has a port on this machine.
  is "$(docker ps --filter "label=com.docker.compose.project=$project" --format '{{.Ports}}' | grep -c 0.0.0.0)" 1 \
    'one port is published'
}

# A thousand requests, a hundred at a time.
test_memory() {
  list=$WORK/urls
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    printf "url = $url/%s\noutput = /dev/null\n" '' api/values/all api/values/current api/values/5 otherpage \
      healthz api/ app.js favicon.svg api/values/20
  done >"$list"
  n=0
  while [ "$n" -lt 10 ]; do
    curl -s --no-progress-meter --parallel --parallel-max 100 -K "$list"
    n=$((n + 1))
  done
  for service in $services; do
    fits "$(container "$service")" "$service"
  done
}

# What deploy/prometheus/alerts.yaml looks at is there to be scraped.
test_watched() {
  for service in $services; do
    admin "$(container "$service")" /metrics >"$WORK/metrics.$service"
    grep -q "^barnacle_build_info{service=\"$service\"" "$WORK/metrics.$service"
    ok $? "$service: /metrics on its admin port"
  done
  names=$(grep -oE '\b(barnacle|process)_[a-z_]+' deploy/prometheus/alerts.yaml | sort -u)
  for name in $names; do
    cat "$WORK"/metrics.* | grep -qE "^${name}[ {]"
    ok $? "$name is among what the services tell"
  done
}

# The engine gives a new container the lowest free address: another one takes it meanwhile.
test_new_address() {
  old=$(container api)
  network=${project}_front
  was=$(inspect "$old" "{{(index .NetworkSettings.Networks \"$network\").IPAddress}}")
  docker rm -f "$old" >/dev/null
  docker run -d --name "$project-squatter" --network "$network" "$PREFIX/web:$TAG" >/dev/null
  compose up -d --no-deps api
  is_now=$(inspect "$(container api)" "{{(index .NetworkSettings.Networks \"$network\").IPAddress}}")
  [ "$was" != "$is_now" ]
  ok $? "api: a new container at another address ($was, then $is_now)"
  until_ok 15 answers /api/values/all
  ok $? 'the router finds it'
  docker rm -f "$project-squatter" >/dev/null
}

says_down() {
  case $(admin "$(container api)" /readyz) in *'"postgres":"up"'*) return 1 ;; *'"postgres":'*) return 0 ;; esac
  return 1
}

says_up() {
  case $(admin "$(container api)" /readyz) in *'"postgres":"up"'*) return 0 ;; esac
  return 1
}

test_without_network() {
  until_ok 10 says_up
  ok $? 'api: /readyz says that PostgreSQL is there'
  docker network disconnect "${project}_back" "$(container postgres)"
  until_ok 30 says_down
  ok $? 'api: /readyz says so when the network to PostgreSQL is gone'
  diag "$(admin "$(container api)" /readyz)"
  is "$(admin "$(container api)" /healthz | wc -c | xargs test 0 -lt && echo alive)" alive 'api: it lives all the same'
  is "$(status /api/values '{"index":7}')" 503 'a POST is refused, not lost'
  docker network connect --alias postgres "${project}_back" "$(container postgres)"
  until_ok 30 says_up
  ok $? 'api: /readyz says when it is back'
}

# Silently: the cable is pulled, no connection is reset. links up|down SERVICE...
links() {
  to=$1
  shift
  for service in "$@"; do
    pid=$(inspect "$(container "$service")" '{{.State.Pid}}')
    for name in $(nsenter -t "$pid" -n ip -o link show type veth | sed 's/^[0-9]*: \([^:@]*\).*/\1/'); do
      nsenter -t "$pid" -n ip link set "$name" "$to"
    done
  done
}

test_cut() {
  start_posting 100
  until_ok 10 posted_more_than 20
  links down postgres redis
  # How long is the test, not what it waits for.
  sleep "$CUT"
  is "$(status /api/values '{"index":1}')" 503 'while the network is cut a POST is refused'
  before=$(wc -l <"$posted")
  links up postgres redis
  until_ok 60 posted_more_than "$((before + 20))"
  ok $? "the network was cut for $CUT s, and values are taken again"
  stop_posting
  nothing_lost 'after the cut'
}

test_killed() {
  start_posting 3000
  until_ok 10 posted_more_than 10
  for service in worker api redis; do
    docker kill -s KILL "$(container "$service")" >/dev/null
    # A kill by hand counts as a stop for the engine.
    docker start "$(container "$service")" >/dev/null
    until_ok 30 posted_more_than "$(($(wc -l <"$posted") + 10))"
    ok $? "$service was killed, and values are taken again"
  done
  stop_posting
  nothing_lost 'after the kills'
}

test_stop() {
  start_posting 6000
  until_ok 10 posted_more_than 20
  # Not the router first, as compose does it: here each of them is to have something in flight.
  for service in worker web api router; do
    ms=$(took docker stop -t 12 "$(container "$service")" | tail -n 1)
    [ "$ms" -lt 10000 ]
    ok $? "$service: stops within 10 s while it works ($ms ms)"
    is "$(inspect "$(container "$service")" '{{.State.ExitCode}}')" 0 "$service: and orderly"
  done
  stop_posting
  ms=$(took compose stop)
  [ "$ms" -lt 20000 ]
  ok $? "compose stop: $ms ms for the rest"
  compose up -d
  until_ok 40 answers /api/values/all
  ok $? 'and up again'
  nothing_lost 'after the stop'
}

test_up
test_confined
test_memory
test_watched
test_new_address
test_without_network
test_cut
test_killed
test_stop
finish
