#!/bin/sh
# compose.dev.yaml: what is saved is running some seconds later.
# shellcheck disable=SC2317 # until_ok calls them
. "$(dirname -- "$0")/rig.sh"

project=barnacletestdev
copy=$WORK/dev
PORT=$(port_from 3050)
export PORT
url=http://127.0.0.1:$PORT

compose() {
  (cd "$copy" && COMPOSE_FILE=compose.yaml:compose.dev.yaml composer -p "$project" "$@") >>"$WORK/dev.log" 2>&1
}

down() {
  compose down -v --timeout 10
  rm -rf "$copy"
}

compiler_says() {
  docker logs "$(container make)" 2>&1 | grep -q "$1"
}

page_says() {
  case $(ask /) in *"$1"*) return 0 ;; esac
  return 1
}

: >"$WORK/dev.log"
rm -rf "$copy"
mkdir -p "$copy"
trap down EXIT
trap 'exit 1' INT TERM HUP
tar -c Makefile compose.yaml compose.dev.yaml docker scripts src .dockerignore | tar -C "$copy" -x
compose up -d --build || {
  diag "$(tail "$WORK/dev.log")"
  bail 'compose up'
}
until_ok 120 page_says '<!doctype html>'
ok $? 'the checkout is built and runs'
end_to_end
sed -i 's|</body>|<!-- changed --></body>|' "$copy/src/services/web/page/index.html"
until_ok 60 page_says '<!-- changed -->'
ok $? 'a page that is saved is there'
echo 'int no_semicolon' >>"$copy/src/services/web/page.c"
sed -i 's|</body>|<!-- later --></body>|' "$copy/src/services/web/page/index.html"
until_ok 60 compiler_says 'int no_semicolon'
ok $? 'a mistake is in the log'
page_says '<!-- changed -->'
ok $? 'and the last one that could be built still runs'
sed -i '$d' "$copy/src/services/web/page.c"
until_ok 60 page_says '<!-- later -->'
ok $? 'and without it the next one runs'
finish
