#!/bin/sh
# lint.sh CFLAGS...: what no test sees. Every C file without a warning from gcc and from clang, in
# the project's format; scripts without one from shellcheck; none of the functions that have no
# bounds; the tables of the documents as the programs print them.
set -eu

cd -- "$(dirname -- "$0")/.."
bad=0
note() {
  echo "lint: $*"
  bad=1
}

sources=$(find src tests examples -name '*.c' | sort)
for compiler in gcc clang; do
  # shellcheck disable=SC2086 # lists of words, on purpose
  printf '%s\n' $sources | xargs -P 2 -n 8 "$compiler" -fsyntax-only "$@" || note "$compiler warns"
done

find src tests examples -name '*.[ch]' -exec clang-format --dry-run -Werror {} + ||
  note 'format: run clang-format -i on what is named above'

if grep -rnE '^ \*[^ /	*]' --include='*.[ch]' src tests examples; then
  note 'clang-format broke a long line of a comment: break it where it makes sense'
fi
if grep -rnE '\b(strcpy|strcat|sprintf|vsprintf|strtok|gets|atoi|atol|alloca)[[:space:]]*\(' \
  --include='*.[ch]' src; then
  note 'these functions know no bounds'
fi
if find src tests examples -name '*.[ch]' -exec awk 'END { if (NR > 600) print FILENAME ": " NR " lines" }' \
  {} \; | grep .; then
  note 'more than 600 lines: split along the meaning'
fi

shellcheck -x -P scripts:tests/docker scripts/*.sh docker/*.sh tests/docker/*.sh .ci/run || note 'shellcheck warns'
cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,portability \
  --suppress=missingIncludeSystem -Isrc -j 2 src || note 'cppcheck warns'

[ "$bad" = 0 ] && echo 'lint: clean'
exit "$bad"
