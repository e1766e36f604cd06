#!/bin/sh
# test-docker.sh [TEST...]: the tests in tests/docker, or some of them (images compose dev ecs deployed
# newcomer).
#
# They need root and no registry: base images are made from the distribution's packages and kept in
# CACHE (/var/cache/barnacle-test). Uses the Docker engine that runs; when there is none, starts one
# with its data in build/docker, and stops it at the end.
#
#   CUT=60     seconds for which the network is cut; 10
#   VERBOSE=1  every test point
set -eu

here=$(dirname -- "$0")
. "$here/common.sh"

root=$(checkout "$0")
WORK=$root/build/docker
cache=${CACHE:-/var/cache/barnacle-test}
names=${*:-images compose dev ecs deployed newcomer}

skip() {
  echo "1..0 # SKIP $*"
  say "SKIPPED: make test-docker: $*" >&2
  exit 0
}

[ "$(id -u)" = 0 ] || skip 'it needs root, for the Docker engine.'
have apt-get || skip 'it makes its images from the packages of Debian or Ubuntu.'
"$here/setup.sh" test docker
PATH=$PATH:/usr/sbin:/sbin
export WORK PATH CUT="${CUT:-10}"
# Of the make that runs this.
unset MAKEFLAGS MFLAGS MAKELEVEL
mkdir -p "$WORK" "$cache"
# Engines share the machine's bridge and packet filter.
exec 9>"$cache/lock"
flock -n 9 || {
  say 'Another make test-docker runs on this machine: waiting for it ...' >&2
  flock 9
}

forward=$(cat /proc/sys/net/ipv4/ip_forward)
bridge=''
ip link show docker0 >/dev/null 2>&1 && bridge=docker0
engine=''

# Its containers die with their shims, which it stops. Then what it has changed for the whole machine;
# the base images are in the cache.
stop_engine() {
  status=$?
  trap - EXIT
  if [ -n "$engine" ]; then
    # shellcheck disable=SC2046
    docker kill $(docker ps -q) >/dev/null 2>&1 || :
    kill -TERM "$engine"
    wait "$engine" || :
  fi
  iptables-restore <"$WORK/iptables" || :
  echo "$forward" >/proc/sys/net/ipv4/ip_forward
  [ -n "$bridge" ] || ip link delete docker0 2>/dev/null || :
  while umount "$WORK/data" 2>/dev/null; do :; done
  rm -rf "$WORK/data" "$WORK/disk" "$WORK/exec" "$WORK/engine.sock" || :
  exit "$status"
}

# The engine lays folders over each other, which does not go twice: where the checkout itself is in
# such a one, as in a container, the engine gets a disk in a file. It would else copy each layer for
# each image and container, for half an hour.
make_room() {
  mkdir -p "$WORK/data"
  [ "$(stat -f -c %T "$WORK/data")" = overlayfs ] || return 0
  truncate -s 20G "$WORK/disk" && mkfs.ext4 -q "$WORK/disk" && mount -o loop "$WORK/disk" "$WORK/data"
}

launch() {
  dockerd --data-root "$WORK/data" --exec-root "$WORK/exec" --pidfile "$WORK/engine.pid" \
    --host "$DOCKER_HOST" >"$WORK/engine.log" 2>&1 9>&- &
  engine=$!
  tries=600
  until docker version >/dev/null 2>&1; do
    tries=$((tries - 1))
    if [ "$tries" = 0 ] || ! kill -0 "$engine" 2>/dev/null; then
      kill -TERM "$engine" 2>/dev/null || :
      wait "$engine" || :
      engine=''
      return 1
    fi
    pause
  done
}

no_engine() {
  skip "no Docker engine runs here: $(tail -n 2 "$WORK/engine.log")"
}

# Not every machine that gives root lets it run containers: some are containers themselves.
start_engine() {
  export DOCKER_HOST="unix://$WORK/engine.sock" DOCKER_BUILDKIT=0
  say 'Starting a Docker engine ...' >&2
  [ "$(free_gib "$WORK")" -ge 8 ] || skip "it needs 8 GiB on the disk, here are $(free_gib "$WORK")."
  iptables-save >"$WORK/iptables" 2>/dev/null || skip 'it needs iptables, which do not work here.'
  trap stop_engine EXIT
  trap 'exit 1' INT TERM HUP
  make_room 2>"$WORK/engine.log" || no_engine
  launch || no_engine
  [ "$(docker info --format '{{.Driver}}')" != vfs ] ||
    skip 'the Docker engine can only copy here: it would take too long.'
}

free_gib() {
  df -Pk "$1" | awk 'END {print int($4 / 1048576)}'
}

# The bare distribution of this system, and that a container of it can do what the tests want of it.
make_base() {
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $suite" |
    head -n 1)
  say "debootstrap $suite ..." >&2
  rm -rf "$WORK/base"
  debootstrap --variant=minbase "$suite" "$WORK/base" "$mirror" >"$WORK/debootstrap.log" 2>&1 ||
    fail "$(tail -n 5 "$WORK/debootstrap.log")"
  tar -C "$WORK/base" --exclude './var/cache/apt/*' --exclude './var/lib/apt/lists/*' -c . |
    docker import - barnacle-test/debian >/dev/null
  rm -rf "$WORK/base"
  docker run --rm --memory 64m barnacle-test/debian true >"$WORK/run.log" 2>&1 ||
    skip "containers do not start here: $(tail -n 2 "$WORK/run.log")"
  docker run --rm barnacle-test/debian apt-get -q -o APT::Update::Error-Mode=any update >"$WORK/run.log" 2>&1 ||
    skip "containers cannot reach the distribution's packages: $(tail -n 2 "$WORK/run.log")"
}

# Later runs load them, where the disk has room to keep them.
keep_bases() {
  rm -f "$cache"/*.tar "$cache"/*.new
  [ "$(free_gib "$cache")" -ge 4 ] || return 0
  # shellcheck disable=SC2086
  docker save -o "$cache/$recipe.new" $images
  mv "$cache/$recipe.new" "$cache/$recipe.tar"
}

# All that comes from the registry of packages, once.
base_images() {
  recipe=$(cat "$here/setup.sh" "$root/tests/docker/stores.Dockerfile" "$root/tests/docker/postgres.sh" |
    sha256sum | cut -c 1-16)
  images='barnacle-test/debian barnacle-test/tools barnacle-test/postgres barnacle-test/redis barnacle-test/newcomer'
  # shellcheck disable=SC2086
  if [ "$(cat "$WORK/recipe" 2>/dev/null)" = "$recipe" ] && docker image inspect $images >/dev/null 2>&1; then
    return
  fi
  if [ -s "$cache/$recipe.tar" ]; then
    say 'Loading the base images ...' >&2
    docker load -q -i "$cache/$recipe.tar" >/dev/null
  else
    make_base
    say 'Building the base images ...' >&2
    for name in postgres redis newcomer; do
      docker build -q --build-arg BASE=barnacle-test/debian -f "$root/tests/docker/stores.Dockerfile" \
        --target "$name" -t "barnacle-test/$name" "$root/tests/docker" >"$WORK/build.log" 2>&1 ||
        fail "$(tail "$WORK/build.log")"
    done
    docker build -q --build-arg BUILD_IMAGE=barnacle-test/debian -f "$root/docker/Dockerfile" \
      --target tools -t barnacle-test/tools "$root" >"$WORK/build.log" 2>&1 ||
      fail "$(tail "$WORK/build.log")"
    keep_bases
  fi
  echo "$recipe" >"$WORK/recipe"
}

if docker version >/dev/null 2>&1; then
  say 'Using the Docker engine that runs.' >&2
else
  start_engine
fi
base_images
export BUILD_IMAGE=barnacle-test/tools POSTGRES_IMAGE=barnacle-test/postgres \
  REDIS_IMAGE=barnacle-test/redis PREFIX=barnacle-test TAG=test

programs=''
for name in $names; do
  programs="$programs tests/docker/${name}_test.sh"
done
cd "$root"
: >"$WORK/figures"
status=0
# shellcheck disable=SC2086
prove ${VERBOSE:+-v} --failures --comments --timer --merge --exec sh $programs || status=$?
cat "$WORK/figures"
[ "$status" = 0 ]
