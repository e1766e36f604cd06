#!/bin/sh
# Runs all of Barnacle on this machine until Ctrl-C: private PostgreSQL and Redis with their data
# in var/ of the checkout, then the four services. Needs what `scripts/setup.sh run` installs.
#
#   PORT      where the router listens; without it 3050, or the next free one
#   BIN_DIR   where the services are; without it build/ship
#
# Settings that are not about addresses (MAX_INDEX, LOG_LEVEL, ...) reach the services.
set -eu

here=$(dirname -- "$0")
. "$here/common.sh"

root=$(checkout "$0")
bin=${BIN_DIR:-$root/build/ship}
case $bin in /*) ;; *) bin=$PWD/$bin ;; esac
var=$root/var
run=$var/run
wanted_port=${PORT-}
given=' '
started='' prefixers='' pg_data=''
terminal=''
for fd in 0 1 2; do
  if [ -t "$fd" ]; then
    terminal=$fd
  fi
done
# env runs a command as it is.
session=$(command -v setsid || command -v env)

# A variable meant for another database must not reach the services or the servers.
forget_environment() {
  for name in $(env | sed -n -e 's/^\(PG[A-Z_]*\)=.*/\1/p' -e 's/^\(REDIS[A-Z_]*\)=.*/\1/p' \
    -e 's/^\(RDS_[A-Z_]*\)=.*/\1/p' -e 's/^\(DATABASE_URL[A-Z_]*\)=.*/\1/p' \
    -e 's/^\(API_[A-Z_]*\)=.*/\1/p' -e 's/^\(WEB_[A-Z_]*\)=.*/\1/p' \
    -e 's/^\([A-Za-z]*_[Pp][Rr][Oo][Xx][Yy]\)=.*/\1/p') PORT ADMIN_PORT; do
    unset "$name"
  done
}

# Only one at a time: they would share the data. The file is made complete, then linked in place,
# which fails when there is one; a stale one is moved away by exactly one of several that try.
take_lock() {
  record "$run/lock.$$" $$
  tries=20
  while ! ln "$run/lock.$$" "$run/lock" 2>/dev/null; do
    if recorded "$run/lock"; then
      rm -f "$run/lock.$$"
      address=$(cat "$run/address" 2>/dev/null) || address='its address'
      fail "make run is already running in this checkout (process $pid, $address):" \
        'use that, or stop it first.'
    fi
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "Cannot make $run/lock."
    mv -f "$run/lock" "$run/lock.stale.$$" 2>/dev/null || :
    rm -f "$run/lock.stale.$$"
  done
  rm -f "$run/lock.$$"
}

finish() {
  trap '' INT TERM HUP PIPE
  trap - EXIT
  [ -z "$started" ] || say 'Stopping ...'
  [ -z "$pg_data" ] || adopt_postmaster
  end_all_recorded "$run"
  # They end by themselves when the last writer is gone; the moment is for the last lines.
  tries=5
  for pid in $prefixers; do
    while [ "$tries" -gt 0 ] && look_at "$pid"; do
      pause
      tries=$((tries - 1))
    done
    kill -KILL "$pid" 2>/dev/null || :
  done
  rm -f "$run"/*.fifo "$run/redis.conf" "$run/address" "$run/lock"
  [ -z "$started" ] || say 'Stopped.'
  exit "$1"
}

give_up() {
  printf '%s\n' "$*" >&2
  finish 1
}

# Is there a listener (state 0A) on port $1, whoever owns it?
taken() {
  hex=$(printf '%04X' "$1")
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    grep -q ":$hex [0-9A-F]*:[0-9A-F]* 0A "
}

random() {
  od -An -N "$1" -t "$2" /dev/urandom | tr -d ' \n'
}

# Sets $port. Below 32768, where Linux takes the near ends of connections from.
free_port() {
  while :; do
    port=$((20000 + $(random 2 u2) % 12000))
    case $given in *" $port "*) continue ;; esac
    taken "$port" || break
  done
  given="$given$port "
}

choose_ports() {
  if [ -n "$wanted_port" ]; then
    case $wanted_port in *[!0-9]* | ??????*) fail "PORT=$wanted_port is not a port." ;; esac
    if [ "$wanted_port" -lt 1 ] || [ "$wanted_port" -gt 65535 ]; then
      fail "PORT=$wanted_port is not a port."
    fi
    taken "$wanted_port" && fail "Port $wanted_port is in use: choose another PORT."
    router_port=$wanted_port
  else
    router_port=3050
    while taken "$router_port"; do
      router_port=$((router_port + 1))
    done
    [ "$router_port" = 3050 ] || say "Port 3050 is in use: taking $router_port."
  fi
  free_port && pg_port=$port
  free_port && redis_port=$port
  free_port && api_port=$port
  free_port && api_admin_port=$port
  free_port && worker_admin_port=$port
  free_port && web_port=$port
  free_port && web_admin_port=$port
  free_port && router_admin_port=$port
}

# A password that stays the same as long as var/ does.
secret() {
  if [ ! -s "$run/$1.password" ]; then
    random 24 x1 >"$run/$1.password.new"
    mv "$run/$1.password.new" "$run/$1.password"
  fi
  cat "$run/$1.password"
}

# Leader of a session of its own: Ctrl-C in the terminal must reach this script alone, which then
# stops the others in order.
detached() {
  exec "$session" "$@"
}

# Puts its name in front of every line, and reads on whatever happens to our output: a service
# must never wait for a terminal that is gone.
prefix() {
  trap '' INT TERM HUP PIPE
  label=$(printf '%-8s |' "$1")
  if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    label=$(printf '\033[%sm%s\033[0m' "$2" "$label")
  fi
  if have perl; then
    # The same as below, but not one system call for each byte.
    # shellcheck disable=SC2016
    exec perl -ne 'BEGIN { $| = 1; $label = shift } chomp; print "$label $_\n"' "$label"
  fi
  while IFS= read -r line || [ -n "$line" ]; do
    printf '%s %s\n' "$label" "$line" 2>/dev/null || :
  done
}

# start NAME COLOUR FUNCTION: the function ends in an exec.
start() {
  rm -f "$run/$1.fifo"
  mkfifo "$run/$1.fifo"
  prefix "$1" "$2" <"$run/$1.fifo" &
  prefixers="$prefixers $!"
  "$3" >"$run/$1.fifo" 2>&1 </dev/null &
  record "$run/$1.pid" $!
  started="$started $1"
}

# The kernel tells the end of a terminal to one process only, and make, when it is that one,
# does not pass it on.
check_terminal() {
  if [ -n "$terminal" ] && ! [ -t "$terminal" ]; then
    finish 0
  fi
}

check_children() {
  check_terminal
  for name in $started; do
    recorded "$run/$name.pid" && continue
    status=0
    wait "$pid" 2>/dev/null || status=$?
    kill -KILL "-$pid" 2>/dev/null || :
    give_up "$name has ended with status $status, so everything stops. Its last lines say why."
  done
}

# wait_for WHAT SECONDS COMMAND...
wait_for() {
  what=$1
  tries=$(($2 * 10))
  shift 2
  while ! "$@"; do
    check_children
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || give_up "$what: not within the time."
    pause
  done
}

http_ok() {
  url=http://127.0.0.1:$1$2
  if have curl; then
    [ "$(curl -s -m 2 -o /dev/null -w '%{http_code}' "$url")" = 200 ]
  elif have wget; then
    wget -q -T 2 -O /dev/null "$url" 2>/dev/null
  else
    # shellcheck disable=SC2016
    perl -MIO::Socket::INET -e 'alarm 2;
      my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ARGV[0]") or exit 1;
      print $s "GET $ARGV[1] HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
      exit(<$s> =~ m{^HTTP/1\.[01] 200 } ? 0 : 1)' "$1" "$2"
  fi
}

owner_of() {
  # shellcheck disable=SC2012
  ls -ld "$1" | tr -s ' ' | cut -d ' ' -f 3
}

# PostgreSQL refuses to work for root. Sets pg_uid, pg_gid, pg_name; empty when we are not root.
choose_pg_user() {
  pg_uid='' pg_gid='' pg_name=''
  [ "$(id -u)" = 0 ] || return 0
  if [ -d "$var/postgres/data" ]; then
    pg_name=$(owner_of "$var/postgres/data")
  fi
  if [ -z "$pg_name" ] || [ "$pg_name" = root ]; then
    pg_name=postgres
    id -u postgres >/dev/null 2>&1 || pg_name=nobody
  fi
  pg_uid=$(id -u "$pg_name") && pg_gid=$(id -g "$pg_name")
}

# exec_as_pg SESSION COMMAND...: SESSION is a command that runs a command.
exec_as_pg() {
  if [ -z "$pg_uid" ]; then
    exec "$@"
  fi
  via=$1
  shift
  if setpriv --reuid=0 true 2>/dev/null; then
    exec "$via" setpriv --reuid="$pg_uid" --regid="$pg_gid" --clear-groups -- "$@"
  fi
  # The setpriv of busybox cannot.
  # shellcheck disable=SC2016
  exec "$via" su -s /bin/sh -c 'exec "$0" "$@"' -- "$pg_name" "$@"
}

as_pg() {
  (cd / && exec_as_pg env "$@")
}

pg_reaches() {
  # shellcheck disable=SC2016
  as_pg sh -c 'cd "$1" && [ -w . ]' sh "$1" 2>/dev/null
}

# Makes folder $1 for PostgreSQL's user alone.
pg_folder() {
  [ -d "$1" ] || mkdir -m 700 "$1"
  [ -z "$pg_uid" ] || chown "$pg_uid:$pg_gid" "$1"
}

# The checkout may lie below a folder that PostgreSQL's user cannot enter, such as /root.
move_far() {
  far=$(far_folder "$root")
  if [ -e "$far" ] || [ -L "$far" ]; then
    # Anybody may make names in /var/tmp.
    case $(owner_of "$far") in
    root | "$pg_name") ;;
    *) give_up "$far is in the way, and not ours." ;;
    esac
    if [ -L "$far" ] || ! [ -d "$far" ]; then
      give_up "$far is in the way, and no folder."
    fi
  fi
  pg_folder "$far"
  [ -d "$var/postgres/data" ] && mv "$var/postgres/data" "$far/"
  rm -rf "$var/postgres"
  ln -s "$far" "$var/postgres"
  pg_reaches "$far" || give_up "User $pg_name cannot use $far."
  say "User $pg_name, who runs PostgreSQL for root, cannot enter $var: its data is in $far."
}

prepare_postgres() {
  choose_pg_user
  if [ -L "$var/postgres" ] && [ ! -d "$var/postgres" ]; then
    rm -f "$var/postgres"
  fi
  if [ ! -L "$var/postgres" ]; then
    pg_folder "$var/postgres"
    pg_reaches "$var/postgres" || move_far
  fi
  pg_home=$(CDPATH='' cd -- "$var/postgres" && pwd -P)
  pg_data=$pg_home/data
  if [ -s "$pg_data/PG_VERSION" ]; then
    version=$(cat "$pg_data/PG_VERSION")
    pg_bin=$(find_postgres "$version") ||
      give_up "The data in $var/postgres is of PostgreSQL $version, which is not installed." \
        '(make clean removes the data.)'
    return 0
  fi
  pg_bin=$(find_postgres '') || give_up "No PostgreSQL server: scripts/setup.sh run installs it."
  init_postgres
}

# Under another name first, so that an interrupted initdb leaves nothing that looks complete.
init_postgres() {
  say 'Making a new PostgreSQL cluster ...'
  rm -rf "$pg_data" "$pg_data.new" "$pg_home/password"
  cp "$run/postgres.password" "$pg_home/password"
  [ -z "$pg_uid" ] || chown "$pg_uid:$pg_gid" "$pg_home/password"
  as_pg "$pg_bin/initdb" -D "$pg_data.new" -U postgres --auth=scram-sha-256 \
    --pwfile="$pg_home/password" --encoding=UTF8 --locale=C >"$run/initdb.log" 2>&1 || {
    cat "$run/initdb.log" >&2
    give_up 'initdb has failed.'
  }
  rm -f "$pg_home/password" "$run/initdb.log"
  mv "$pg_data.new" "$pg_data"
}

# Does any process work in PostgreSQL's data? All of its own do.
data_in_use() {
  for cwd in /proc/[0-9]*/cwd; do
    # shellcheck disable=SC3013
    [ "$cwd" -ef "$pg_data" ] && return 0
  done
  return 1
}

# Names the postmaster itself in its record: su may stand between it and us, and an earlier run
# may have left one.
adopt_postmaster() {
  postmaster=''
  { read -r postmaster <"$pg_data/postmaster.pid"; } 2>/dev/null || return 0
  # shellcheck disable=SC3013
  if [ "/proc/$postmaster/cwd" -ef "$pg_data" ]; then
    record "$run/postgres.pid" "$postmaster"
  fi
}

# What a kill -9 leaves: processes that still use the data, and a file with a pid, which PostgreSQL
# takes seriously when any process has that number by now.
clear_postgres() {
  adopt_postmaster
  end_recorded "$run/postgres.pid" INT 50
  tries=50
  while data_in_use; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || give_up "Another PostgreSQL works on $pg_data."
    pause
  done
  rm -f "$pg_data/postmaster.pid"
}

run_postgres() {
  cd /
  exec_as_pg "$session" "$pg_bin/postgres" -D "$pg_data" -c listen_addresses=127.0.0.1 \
    -c "port=$pg_port" -c unix_socket_directories= -c logging_collector=off \
    -c log_destination=stderr
}

# The eighth line of the file says so, in versions from 10 on.
postgres_ready() {
  case $(sed -n 8p "$pg_data/postmaster.pid" 2>/dev/null) in ready*) ;; *) return 1 ;; esac
  adopt_postmaster
}

prepare_redis() {
  [ -d "$var/redis" ] || mkdir -m 700 "$var/redis"
  cat >"$run/redis.conf" <<END
bind 127.0.0.1
port $redis_port
requirepass $(secret redis)
appendonly yes
save ""
daemonize no
always-show-logo no
END
}

# Relative names only: a configuration file cannot hold every path.
run_redis() {
  cd "$var/redis"
  detached redis-server ../run/redis.conf
}

redis_ready() {
  said=$(REDISCLI_AUTH=$redis_password redis-cli -h 127.0.0.1 -p "$redis_port" ping 2>/dev/null)
  [ "$said" = PONG ]
}

export_redis() {
  export REDIS_HOST=127.0.0.1 REDIS_PORT="$redis_port" REDIS_PASSWORD="$redis_password"
}

# Only the router is for others than this machine (BIND_ADDRESS says otherwise).
run_api() {
  export_redis
  export BIND_ADDRESS=127.0.0.1
  export PGHOST=127.0.0.1 PGPORT="$pg_port" PGUSER=postgres PGPASSWORD="$pg_password"
  export PGDATABASE=postgres PORT="$api_port" ADMIN_PORT="$api_admin_port"
  detached "$bin/api"
}

run_worker() {
  export_redis
  export BIND_ADDRESS=127.0.0.1 ADMIN_PORT="$worker_admin_port"
  detached "$bin/worker"
}

run_web() {
  export BIND_ADDRESS=127.0.0.1 PORT="$web_port" ADMIN_PORT="$web_admin_port"
  detached "$bin/web"
}

run_router() {
  export PORT="$router_port" ADMIN_PORT="$router_admin_port"
  export API_HOST=127.0.0.1 API_PORT="$api_port" WEB_HOST=127.0.0.1 WEB_PORT="$web_port"
  detached "$bin/router"
}

check_programs() {
  for name in api worker web router; do
    [ -x "$bin/$name" ] || fail "$bin/$name is missing: make builds it."
  done
  for name in redis-server redis-cli mkfifo od; do
    have "$name" || fail "$name is missing: scripts/setup.sh run installs what is needed."
  done
}

prepare_folders() {
  mkdir -p "$var"
  umask 077
  mkdir -p "$run" 2>/dev/null || :
  [ -w "$run" ] || fail "$run belongs to somebody else: run this as its owner, or remove $var."
}

main() {
  check_programs
  forget_environment
  prepare_folders
  take_lock
  trap 'finish 0' INT TERM HUP
  trap 'finish 1' EXIT
  # Not ignored, which the services would inherit: only survived.
  trap : PIPE
  for name in router web api worker redis postgres; do
    if recorded "$run/$name.pid"; then
      say 'Stopping what an earlier run has left ...'
      end_all_recorded "$run"
    fi
  done
  choose_ports
  redis_password=$(secret redis)
  pg_password=$(secret postgres)
  prepare_redis
  prepare_postgres
  clear_postgres
  start postgres 34 run_postgres
  start redis 31 run_redis
  wait_for 'PostgreSQL' 60 postgres_ready
  wait_for 'Redis' 60 redis_ready
  start api 32 run_api
  start worker 33 run_worker
  start web 35 run_web
  start router 36 run_router
  wait_for 'The router' 30 http_ok "$router_port" /healthz
  wait_for 'The API' 30 http_ok "$api_admin_port" /readyz
  printf 'http://localhost:%s/\n' "$router_port" >"$run/address"
  say "Barnacle is at http://localhost:$router_port/ (Ctrl-C stops it; the data stays in var/)"
  while :; do
    sleep 1 || :
    check_children
  done
}

main
