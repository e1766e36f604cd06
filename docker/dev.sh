#!/bin/sh
# dev.sh make: compiles the checkout in /source to /build, again after each change.
# dev.sh SERVICE: runs /build/SERVICE, again when it is another one.
# The containers of compose.dev.yaml run it.
set -u

child=''
leave() {
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
  wait
  exit 0
}
trap leave TERM INT

# In a child that a signal interrupts.
pause() {
  sleep 1 &
  wait $!
}

changed() {
  [ -n "$(find /source/src /source/Makefile -newer /build/looked | head -n 1)" ]
}

compile() {
  while :; do
    # What is saved while it compiles counts as new.
    touch /build/looked.next
    mv /build/looked.next /build/looked
    make -C /source B=/build all || echo 'Waiting for the next change.'
    until changed; do
      pause
    done
  done
}

# A copy: a program that runs cannot be written to.
run() {
  while :; do
    until [ -x "/build/$1" ]; do
      pause
    done
    cp -p "/build/$1" "/tmp/$1"
    "/tmp/$1" &
    child=$!
    while cmp -s "/build/$1" "/tmp/$1" && kill -0 "$child" 2>/dev/null; do
      pause
    done
    kill -TERM "$child" 2>/dev/null
    wait "$child"
    child=''
    pause
  done
}

case ${1-} in
make) compile ;;
api | worker | web | router) run "$1" ;;
*) echo "usage: $0 make|api|worker|web|router" >&2; exit 64 ;;
esac
