#!/bin/sh
# setup.sh GROUP...: installs what is missing, through the system's package manager.
#
#   build   a C compiler, make, and musl with its compiler wrapper
#   run     Redis and PostgreSQL servers, for private copies of them
#   test    what `make test` needs beside those
#   bench   wrk, nginx, libpq, Go and what measures them
#   lint    clang, clang-format, clang-tidy, cppcheck, shellcheck
#   fuzz    clang with libFuzzer
#   deploy  node and npm, and what makes and checks the files of deploy/
#   cross   the compiler for arm64, and what runs its programs here
#   docker  Docker Engine, docker-compose, debootstrap
#
# Looks for commands, so that it is instant and needs neither root nor network when all are there.
# Never asks a question (but for sudo's password), starts no service, makes no database.
set -eu

here=$(dirname -- "$0")
. "$here/common.sh"

# group, what must be there, and the packages that bring it: apt, apk, dnf. '-': not needed
# there. a|b: the first that the system knows.
table() {
  cat <<'END'
build  cc            gcc,libc6-dev      gcc,musl-dev,linux-headers   gcc
build  make          make               make                         make
build  ar            binutils           binutils                     binutils
build  musl-gcc      musl-tools         -                            musl-gcc,musl-libc-static
run    redis-server  redis-server       redis|valkey-compat          redis|valkey-compat-redis
run    redis-cli     redis-tools        redis|valkey-compat          redis|valkey-compat-redis
run    postgres      postgresql         postgresql                   postgresql-server
run    psql          postgresql-client  postgresql-client            postgresql
test   prove         perl               perl,perl-utils              perl-Test-Harness
test   curl          curl               curl                         curl
test   chromium      chromium           chromium                     chromium
test   chromedriver  chromium-driver    chromium-chromedriver        chromedriver
test   node          nodejs             nodejs                       nodejs
test   npm           npm                npm                          npm
test   nginx         nginx              nginx                        nginx
test   ip            iproute2           iproute2                     iproute
test   pgbouncer     pgbouncer          pgbouncer                    pgbouncer
test   gcc           gcc,libc6-dev      gcc                          gcc
test   pkg-config    pkgconf            pkgconf                      pkgconf-pkg-config
test   sanitizers    gcc                -                            libasan,libubsan
test   libpq         libpq-dev          libpq-dev                    libpq-devel
bench  wrk           wrk                wrk                          wrk
bench  nginx         nginx              nginx                        nginx
bench  haproxy       haproxy            haproxy                      haproxy
bench  strace        strace             strace                       strace
bench  valgrind      valgrind           valgrind                     valgrind
bench  taskset       util-linux         util-linux                   util-linux
bench  hiredis       libhiredis-dev     hiredis-dev                  hiredis-devel
bench  go            golang-go          -                            -
bench  go-drivers    golang-github-jackc-pgx-v4-dev,golang-github-gomodule-redigo-dev  -  -
lint   hiredis       libhiredis-dev     hiredis-dev                  hiredis-devel
bench  libpq         libpq-dev          libpq-dev                    libpq-devel
lint   libpq         libpq-dev          libpq-dev                    libpq-devel
lint   clang         clang              clang                        clang
lint   clang-format  clang-format       clang-extra-tools            clang-tools-extra
lint   clang-tidy    clang-tidy         clang-extra-tools            clang-tools-extra
lint   cppcheck      cppcheck           cppcheck                     cppcheck
lint   shellcheck    shellcheck         shellcheck                   ShellCheck
fuzz   clang         clang              clang                        clang
fuzz   libfuzzer     libclang-rt-dev|libclang-common-14-dev  compiler-rt  compiler-rt
deploy node          nodejs             nodejs                       nodejs
deploy npm           npm                npm                          npm
deploy prove         perl               perl,perl-utils              perl-Test-Harness
deploy shellcheck    shellcheck         shellcheck                   ShellCheck
deploy zip           zip                zip                          zip
deploy unzip         unzip              unzip                        unzip
cross  aarch64-linux-gnu-gcc  gcc-aarch64-linux-gnu  -               -
cross  qemu-aarch64-static    qemu-user-static  -                           -
docker dockerd       docker.io          docker                       moby-engine
docker docker        docker.io          docker-cli                   moby-engine
docker iptables      iptables           iptables                     iptables
docker docker-compose  docker-compose   docker-cli-compose           docker-compose
docker debootstrap   debootstrap        debootstrap                  debootstrap
END
}

present() {
  case $1 in
  postgres) find_postgres '' >/dev/null ;;
  # gcc prints the name alone when it has no such file.
  sanitizers) case $(gcc -print-file-name=libasan.so 2>/dev/null) in */*) ;; *) return 1 ;; esac ;;
  # Its file's name differs from version to version.
  libfuzzer)
    echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
      clang -x c -fsanitize=fuzzer,address -o /dev/null - 2>/dev/null
    ;;
  hiredis) echo '#include <hiredis/hiredis.h>' | cc -E -x c - >/dev/null 2>&1 ;;
  nginx | haproxy | ip | pgbouncer | dockerd | iptables | debootstrap) have "$1" || [ -x "/usr/sbin/$1" ] ;;
  go-drivers) [ -d /usr/share/gocode/src/github.com/jackc/pgx ] ;;
  libpq) pkg-config --exists libpq 2>/dev/null ;;
  docker-compose) have docker-compose || docker compose version >/dev/null 2>&1 ;;
  chromium) have chromium || have chromium-browser ;;
  *) have "$1" ;;
  esac
}

# Sets $missing (what) and $packages (wanted for it) for the groups given.
look() {
  missing='' packages=''
  while read -r group what apt apk dnf; do
    case " $* " in *" $group "*) ;; *) continue ;; esac
    case $manager in apt) names=$apt ;; apk) names=$apk ;; dnf) names=$dnf ;; *) names=$what ;; esac
    if [ "$names" = - ] || present "$what"; then
      continue
    fi
    missing="$missing $what"
    for name in $(printf %s "$names" | tr , ' '); do
      case " $packages " in *" $name "*) ;; *) packages="$packages $name" ;; esac
    done
  done <<END
$(table)
END
}

find_manager() {
  manager=''
  if have apt-get; then
    manager=apt
  elif have apk; then
    manager=apk
  elif have dnf; then
    manager=dnf
  fi
}

known() {
  case $manager in
  apt) apt-cache show "$1" >/dev/null 2>&1 ;;
  apk) [ -n "$(apk --no-cache search -x -q "$1" 2>/dev/null)" ] ;;
  dnf) dnf -q info "$1" >/dev/null 2>&1 ;;
  esac
}

# Replaces each a|b in $packages by one of them.
decide() {
  decided=''
  for name in $packages; do
    while :; do
      first=${name%%|*}
      if [ "$first" = "$name" ] || known "$first"; then
        break
      fi
      name=${name#*|}
    done
    decided="$decided $first"
  done
  packages=$decided
}

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
    -o Dpkg::Options::=--force-confold "$@" </dev/null
}

apt_update_once() {
  [ -z "${updated-}" ] || return 1
  updated=1
  say 'apt-get update'
  apt update
}

apt_add() {
  for name in "$@"; do
    known "$name" || apt_update_once || fail "apt does not know the package $name."
  done
  apt install --no-install-recommends "$@" && return 0
  # Perhaps the lists are old and name files that are gone.
  apt_update_once && apt install --no-install-recommends "$@"
}

policy=/usr/sbin/policy-rc.d
clusters=/etc/postgresql-common/createcluster.conf
mark='# only while Barnacle sets up'

# Debian starts a service with its package, and makes a database cluster with PostgreSQL's.
# Neither is wanted here, and neither is undone if it was there before.
hold_services() {
  trap release_services EXIT
  trap 'exit 1' INT TERM HUP
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
    chmod 755 "$policy"
  fi
  case " $* " in *' postgresql '*)
    apt_add postgresql-common
    if [ -f "$clusters" ]; then
      printf 'create_main_cluster = false %s\n' "$mark" >>"$clusters"
    fi
    ;;
  esac
}

release_services() {
  if [ -f "$policy" ] && grep -qF "$mark" "$policy"; then
    rm -f "$policy"
  fi
  if [ -f "$clusters" ] && grep -qF "$mark" "$clusters"; then
    kept=$(grep -vF "$mark" "$clusters") || :
    printf '%s\n' "$kept" >"$clusters"
  fi
}

install_apt() {
  hold_services "$@"
  apt_add "$@"
  # Installed by us, so they should not begin to listen at the next boot either.
  for name in redis-server nginx pgbouncer docker.io; do
    case " $* " in *" $name "*)
      service=${name%.io}
      update-rc.d "$service" disable >/dev/null 2>&1 || :
      deb-systemd-helper disable "$service.service" "$service.socket" >/dev/null 2>&1 || :
      ;;
    esac
  done
}

# On Ubuntu the browser's packages only fetch a snap, which a container cannot run.
skip_snaps() {
  grep -qs '^ID=ubuntu' /etc/os-release || return 0
  [ ! -S /run/snapd.socket ] || return 0
  kept=''
  for name in $packages; do
    case $name in
    chromium | chromium-driver)
      say "Not installed: $name (on Ubuntu it is a snap, and snapd does not run here)."
      ;;
    *) kept="$kept $name" ;;
    esac
  done
  packages=$kept
}

install_all() {
  decide
  case $manager in
  apt)
    skip_snaps
    if [ -z "$packages" ]; then
      return 0
    fi
    say "Installing with apt-get:$packages"
    # shellcheck disable=SC2086
    install_apt $packages
    ;;
  apk)
    say "Installing with apk:$packages"
    # shellcheck disable=SC2086
    apk add --no-cache $packages
    ;;
  dnf)
    say "Installing with dnf:$packages"
    # shellcheck disable=SC2086
    dnf -y --setopt=install_weak_deps=False install $packages
    ;;
  esac
}

# The same again as root.
as_root() {
  say "Missing:$missing. Needed from $manager:$packages"
  if have sudo; then
    if [ -t 0 ]; then
      sudo sh "$0" "$@" && exit 0
    else
      sudo -n sh "$0" "$@" && exit 0
    fi
  fi
  fail "This needs root. Type:  su -c \"sh '$(checkout "$0")/scripts/setup.sh' $*\""
}

[ $# -gt 0 ] || fail "usage: $0 build|run|test|bench|lint|fuzz|deploy|cross|docker ..."
for group in "$@"; do
  case $group in build | run | test | bench | lint | fuzz | deploy | cross | docker) ;; *) fail "$0: there is no group $group" ;; esac
done
find_manager
look "$@"
[ -n "$missing" ] || exit 0
[ -n "$manager" ] ||
  fail "Missing:$missing. There is no apt-get, apk or dnf here: please install it by hand."
[ "$(id -u)" = 0 ] || as_root "$@"
install_all
look "$@"
if [ -n "$missing" ]; then
  wanted=$missing
  for name in $missing; do
    case $name in chromium | chromedriver) ;; *) fail "Still missing:$wanted" ;; esac
  done
  say "Going on without:$missing. Tests in a browser cannot run."
fi
