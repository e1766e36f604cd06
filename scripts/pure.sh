#!/bin/sh
# pure.sh BUILD_FOLDER FOLDER...: proves from the undefined symbols of each archive that these
# folders ask nothing of the system: memory and string functions, their own kind, nothing else.
set -eu

build=$1
shift

# What a compiler may call by itself (and the sanitizers', in their build), besides mem* and str*.
libc='^(mem(cpy|move|set|cmp|chr|rchr|mem)|str(n?len)|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_'
libc="$libc|__(asan|ubsan)_[a-z0-9_]*|__udivti3|__umodti3)\$"

scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT
for folder in "$@"; do
  nm -g --defined-only "$build/lib$folder.a" 2>/dev/null | awk 'NF == 3 { print $3 }'
done | sort -u >"$scratch"

bad=0
for folder in "$@"; do
  foreign=$(nm -u "$build/lib$folder.a" | awk '$1 == "U" { print $2 }' | sort -u |
    grep -vE "$libc" | grep -vxF -f "$scratch" || :)
  [ -z "$foreign" ] && continue
  echo "$folder asks for: $(echo "$foreign" | tr '\n' ' ')"
  bad=1
done
[ "$bad" = 0 ] && echo "pure: $* ask nothing of the system"
exit "$bad"
