# What the scripts beside it share: sourced, never run. POSIX sh.
# shellcheck shell=sh

say() {
  printf '%s\n' "$*" 2>/dev/null || :
}

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# A tenth of a second; POSIX only knows whole ones.
pause() {
  sleep 0.1 2>/dev/null || sleep 1
}

# The checkout, as an absolute path without symbolic links.
checkout() {
  CDPATH='' cd -- "$(dirname -- "$1")/.." && pwd -P
}

# The folder with the programs of the PostgreSQL server, of version $1 or the newest ('');
# Debian and others keep them out of PATH. Status 1 when there is none.
find_postgres() {
  best='' best_major=0
  for dir in /usr/lib/postgresql/*/bin /usr/libexec/postgresql* /usr/pgsql-*/bin \
    "$(dirname -- "$(command -v initdb || echo /)")"; do
    if ! [ -x "$dir/initdb" ] || ! [ -x "$dir/postgres" ]; then
      continue
    fi
    # postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
    major=$("$dir/postgres" --version) || continue
    major=${major#*) }
    major=${major%%[!0-9]*}
    if [ "${1:-$major}" = "$major" ] && [ "${major:-0}" -gt "$best_major" ]; then
      best=$dir best_major=$major
    fi
  done
  [ -n "$best" ] && printf '%s\n' "$best"
}

# Sets $born to the start time of process $1; status 1 when there is none or only a zombie. A pid
# and its start time together name a process for good: a pid alone is given again.
look_at() {
  born='' stat=''
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The name before the last ')' may hold anything; then: state (3rd field) ... start time (22nd).
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  case ${1-Z} in Z | X) return 1 ;; esac
  born=${20}
}

# Process $2 is from now on the one that file $1 names.
record() {
  look_at "$2" || born=-
  printf '%s %s\n' "$2" "$born" >"$1"
}

# Sets $pid to the process that file $1 names; status 1 when it does not run any more.
recorded() {
  pid='' was=''
  [ -r "$1" ] || return 1
  read -r pid was <"$1" || return 1
  look_at "$pid" && [ "$born" = "$was" ]
}

# Ends the process that file $1 names: signal $2, after $3 tenths of a second SIGKILL. It is the
# leader of a process group, of which nothing stays behind.
end_recorded() {
  left=$3
  if recorded "$1"; then
    kill "-$2" "$pid" 2>/dev/null || :
    while [ "$left" -gt 0 ] && recorded "$1"; do
      pause
      left=$((left - 1))
    done
    kill -KILL "-$pid" 2>/dev/null || :
    if recorded "$1"; then
      kill -KILL "$pid" 2>/dev/null || :
    fi
  fi
  rm -f "$1"
}

# In this order nothing ever misses what it needs. PostgreSQL on SIGTERM would wait for its last
# client; SIGINT is its "fast" shutdown. Together less than 10 s.
end_all_recorded() {
  for name in router web api worker; do
    end_recorded "$1/$name.pid" TERM 12
  done
  end_recorded "$1/redis.pid" TERM 12
  end_recorded "$1/postgres.pid" INT 22
}

# Where PostgreSQL's data goes when its user cannot reach the checkout $1.
far_folder() {
  printf '/var/tmp/barnacle-%s-%s\n' "$(id -u)" "$(printf %s "$1" | cksum | cut -d ' ' -f 1)"
}
