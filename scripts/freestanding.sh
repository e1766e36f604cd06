#!/bin/sh
# freestanding.sh [FLAG...]: proves that the codecs need no libc: compiles the pure folders, without
# a warning, with nothing in sight but the compiler's own headers and the six declarations of
# examples/freestanding/string.h, for x86-64, arm64 and a Cortex-M4, and looks what the objects
# ask for. By gcc and its cross compilers, or clang; a target that neither can do is skipped.
# FLAGs are for the compilers: -O0 takes half the time.
set -eu

cd -- "$(dirname -- "$0")/.."
root=$PWD flags=$*
warnings='-Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla -Wmissing-prototypes
  -Wpointer-arith -Wwrite-strings -Wundef -Werror'
# What compilers call by themselves: arithmetic of 64 bits on 32 (libgcc or compiler-rt), and
# on ARM the memory functions by its ABI's names.
runtime='__aeabi_(u?ldivmod|mem(cpy|move|set|clr)[48]?)|__ctzdi2|__clzdi2|__u?divdi3|__u?moddi3'
libc='mem(cpy|move|set|cmp|chr)|strlen'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# target NAME COMPILER FLAGS...
target() {
  name=$1 compiler=$2
  shift 2
  mkdir "$scratch/$name.$compiler"
  cd "$scratch/$name.$compiler"
  headers=''
  case $compiler in
  clang) headers="-isystem $(clang -print-resource-dir)/include" ;;
  *)
    # The second has limits.h and the like, where they are kept apart.
    for folder in include include-fixed; do
      headers="$headers -isystem $("$compiler" -print-file-name=$folder)"
    done
    ;;
  esac
  # shellcheck disable=SC2086 # lists of words, on purpose
  find "$root/src/base" "$root/src/crypto" "$root/src/resp" "$root/src/pgwire" "$root/src/http" \
    -name '*.c' -print0 | xargs -0 -P 2 -n 12 "$compiler" "$@" -std=c11 -Os -ffreestanding \
    -nostdinc $headers -I "$root/examples/freestanding" -I "$root/src" $warnings $flags -c
  nm -g --defined-only ./*.o | awk 'NF == 3 { print $3 }' | sort -u >defined
  nm -u ./*.o | awk '$1 == "U" { print $2 }' | sort -u | grep -vxF -f defined >asks || :
  if grep -vxE "$libc|$runtime" asks; then
    echo "freestanding: $name by $compiler asks for what is above"
    return 1
  fi
  echo "freestanding: $name by $compiler asks for $(tr '\n' ' ' <asks)"
}

# try NAME GCC FLAGS-OF-GCC FLAGS-OF-CLANG
try() {
  if command -v "$2" >/dev/null; then
    # shellcheck disable=SC2086
    (target "$1" "$2" $3)
  elif command -v clang >/dev/null; then
    # shellcheck disable=SC2086
    (target "$1" clang $4)
  else
    echo "freestanding: # SKIP $1: neither $2 nor clang is here"
  fi
}

try x86-64 gcc '' '--target=x86_64-none-elf'
try arm64 aarch64-linux-gnu-gcc '' '--target=aarch64-none-elf'
try cortex-m4 arm-none-eabi-gcc '-mcpu=cortex-m4 -mthumb' '--target=thumbv7em-none-eabi'
