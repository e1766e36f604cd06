#!/bin/sh
# README.md's two commands, as somebody tries them who has a bare Debian with git, make and sudo.
# shellcheck disable=SC2016,SC2317 # until_ok calls them
. "$(dirname -- "$0")/rig.sh"

name=barnacletest-newcomer
log=$WORK/newcomer.log

remove() {
  docker rm -fv "$name" >/dev/null 2>&1
}
trap remove EXIT
trap 'exit 1' INT TERM HUP
remove

inside() {
  docker exec "$name" bash -lc "$1"
}

# There is no curl in there: ours, within its network.
curl_inside() {
  nsenter -t "$(inspect "$name" '{{.State.Pid}}')" -n curl -s -m 5 "$@"
}

page_answers() {
  curl_inside http://127.0.0.1:3050/ | grep -q '<!doctype html>'
}

# The page answers before the API has its stores.
value_is_taken() {
  [ "$(curl_inside -o "$log.answer" -w '%{http_code}' -H 'Content-Type: application/json' -d '{"index":5}' \
    http://127.0.0.1:3050/api/values)" = 200 ]
}

value_is_computed() {
  curl_inside http://127.0.0.1:3050/api/values/current | grep -q '"5":"8"'
}

git bundle create "$WORK/barnacle.bundle" HEAD >/dev/null 2>&1
# Whom this machine trusts: some have a proxy between them and npm's registry, with an authority of its own.
trusted=/etc/ssl/certs/ca-certificates.crt
set --
[ ! -r "$trusted" ] || set -- -v "$trusted:/trusted.crt:ro" -e NODE_EXTRA_CA_CERTS=/trusted.crt
# What a machine has and Docker takes away: shared memory, ::1, and the namespaces of Chromium's sandbox.
docker run -d --init --shm-size 512m --sysctl net.ipv6.conf.all.disable_ipv6=0 \
  --security-opt seccomp=unconfined --name "$name" -v "$WORK/barnacle.bundle:/barnacle.bundle:ro" "$@" \
  barnacle-test/newcomer sleep infinity >/dev/null
inside 'git -c advice.detachedHead=false clone -q /barnacle.bundle barnacle' || bail 'git clone'
is "$(inside 'id -un; command -v cc curl psql redis-server node | wc -l' | xargs)" 'newcomer 0' \
  'a user without root, and nothing else is installed'

docker exec "$name" bash -lc 'cd barnacle && exec make run' >"$log" 2>&1 &
runner=$!
until_ok 600 page_answers
ok $? 'make run ends in a page that answers' || diag "$(tail "$log")"
until_ok 30 value_is_taken
until_ok 10 value_is_computed
ok $? 'and in an API that computes'
# The script names itself there; make would be told by the terminal, too.
inside 'kill -INT "$(cut -d " " -f 1 barnacle/var/run/lock)"'
wait "$runner"
holds "$(tail -n 20 "$log")" Stopped. 'Ctrl-C stops all of it'

docker exec "$name" timeout 900 bash -lc 'cd barnacle && exec make test' >"$log" 2>&1
ok $? 'make test passes' ||
  diag "$(grep -A 9 '^not ok' "$log")" "$(tail -n 20 "$log")"
finish
