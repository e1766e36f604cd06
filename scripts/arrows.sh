#!/bin/sh
# arrows.sh: proves who includes whom (ARCHITECTURE.md): every #include of a folder of the source
# must follow an arrow of the table below. Prints each that does not, and fails.
set -eu

cd -- "$(dirname -- "$0")/.."

# folder: the folders it may include
allowed() {
  case $1 in
  base) echo base ;;
  crypto) echo base crypto ;;
  resp) echo base resp ;;
  http) echo base http ;;
  pgwire) echo base crypto pgwire ;;
  net) echo base net ;;
  drivers) echo base net resp pgwire http drivers ;;
  services/common) echo base net resp pgwire http drivers services/common ;;
  services/*) echo base net resp pgwire http drivers services/common "$1" ;;
  *) ;;
  esac
}

bad=0 files=0
for file in $(find src -name '*.[ch]' | sort); do
  files=$((files + 1))
  folder=$(dirname -- "${file#src/}")
  may=" $(allowed "$folder") "
  targets=$(sed -n 's|^#include "\(.*\)/[^/]*"|\1|p' "$file")
  for target in $targets; do
    case $may in *" $target "*) continue ;; esac
    echo "$file: $folder must not include $target"
    bad=1
  done
  # An include without a folder hides its arrow.
  if grep -n '^#include "[^/"]*"' "$file"; then
    echo "$file: name the folder of what is included"
    bad=1
  fi
done
[ "$bad" = 0 ] && echo "arrows: $files files, every include follows an arrow"
exit "$bad"
