#!/bin/sh
# install-check.sh PREFIX [COMPILER]: looks at what `make install` has put below PREFIX as somebody
# sees it who embeds it: which names the libraries bring along and what they ask for, whether each
# header stands alone, and whether any of the libraries go together into one program.
set -eu

prefix=$1
compiler=${2:-cc}
strict='-std=c11 -Wall -Wextra -Wpedantic -Wundef -Wstrict-prototypes -Werror'
# base, which public headers use, and of each library its own.
base='span_|out_|dec_|hex_|get_be|put_be'
libc='mem(cpy|move|set|cmp|chr)|strlen|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bad=0
note() {
  echo "install-check: $*"
  bad=1
}

# but PATTERN: the lines that do not match, in one.
but() {
  grep -vE "$1" | sort -u | tr '\n' ' '
}

# shows LIBRARY PREFIXES: a program sees no other name.
shows() {
  foreign=$(nm -g --defined-only "$prefix/lib/lib$1.a" | awk 'NF == 3 { print $3 }' |
    but "^($base|$2)")
  [ -z "$foreign" ] || note "lib$1.a shows $foreign"
  ! nm "$prefix/lib/lib$1.a" | grep -q __gnu_lto || note "lib$1.a is for one compiler only"
}

# pure LIBRARY: it asks for nothing but memory and string functions.
pure() {
  foreign=$(nm -u "$prefix/lib/lib$1.a" | awk '$1 == "U" { print $2 }' | but "^($libc)\$")
  [ -z "$foreign" ] || note "lib$1.a asks for $foreign"
}

# As an embedder does: standard C, and no folder but the one.
compile() {
  # shellcheck disable=SC2086 # a list of words, on purpose
  "$compiler" $strict -D_GNU_SOURCE -I"$prefix/include/barnacle" "$@"
}

headers() {
  cd "$prefix/include/barnacle"
  for header in */*.h; do
    echo "#include \"$header\"" >"$scratch/header.c"
    compile -fsyntax-only "$scratch/header.c" || note "$header does not stand alone"
  done
  cd "$scratch"
}

# A program, and another part of it with functions that are named as some inside the libraries.
write_program() {
  cat >program.c <<'END'
#include "drivers/http_server.h"
#include "drivers/postgres.h"
#include "drivers/redis.h"

int main(void)
{
	const uint8_t ready[] = {'Z', 0, 0, 0, 5, 'I'};
	struct pgwire_msg msg;
	struct resp_reader reader;
	struct resp_item item;
	uint64_t n = 0;
	resp_reader_init(&reader, NULL);
	bool right = pgwire_next(&pgwire_default_limits, span_of(ready, sizeof ready), &msg) == 6 &&
		     resp_next(&reader, SPAN("+OK\r\n"), &item) == 5 &&
		     http_status_of(HTTP_EMETHOD) == 400 && dec_u64(SPAN("42"), &n) && n == 42;
	return !right || net_strerror(NET_EFULL) == NULL;
}
END
  for name in get_be16 get_be32 put_be32 crypto_sha256 crypto_equal link_start; do
    printf 'int %s(void);\nint %s(void)\n{\n\treturn -1;\n}\n' $name $name
  done >own.c
}

# program WORDS...: links it, and runs it.
program() {
  if ! compile -o program program.c own.c -L"$prefix/lib" "$@" || ! ./program; then
    note "a program with $*"
  fi
}

# pair LIBRARY LIBRARY: a program that needs nothing else, nor cares for their order.
pair() {
  printf '#include "%s/%s.h"\n' "$1" "$1" "$2" "$2" >pair.c
  printf 'int main(void)\n{\n\treturn %s_strerror(0) == %s_strerror(0);\n}\n' "$1" "$2" >>pair.c
  compile -o pair pair.c -L"$prefix/lib" -l"$1" -l"$2" || note "$1 and $2"
}

# A shared object that uses the codecs and passes nothing of them on.
shared() {
  for name in resp pgwire http; do
    printf '#include "%s/%s.h"\nconst void *use_%s(void);\n' $name $name $name
    printf 'const void *use_%s(void)\n{\n\treturn span_str(%s_strerror(0)).p;\n}\n' $name $name
  done >uses.c
  compile -shared -fPIC -o uses.so uses.c -Wl,-z,defs,-z,text -L"$prefix/lib" \
    -lresp -lpgwire -lhttp -lc || note 'a shared object with the codecs'
  foreign=$(nm -D --defined-only uses.so | awk 'NF == 3 { print $3 }' |
    but '^(use_.*|_init|_fini)$')
  [ -z "$foreign" ] || note "a shared object passes on $foreign"
}

shows resp 'resp_'
shows pgwire 'pgwire_'
shows http 'http_'
shows barnacle 'net_|redis_|postgres_|http_|upstream_'
pure resp
pure pgwire
pure http
headers
write_program
program -lbarnacle -lresp -lpgwire -lhttp
program -Wl,--whole-archive -lbarnacle -lresp -lpgwire -lhttp -Wl,--no-whole-archive
pair resp pgwire && pair pgwire resp
pair resp http && pair http resp
pair pgwire http && pair http pgwire
shared
[ "$bad" = 0 ] && echo "install-check: $prefix is in order, says $compiler"
exit "$bad"
