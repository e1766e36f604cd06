#!/bin/sh
# cross.sh ARCH: prints the path of a compiler for musl on ARCH (arm64), made here from Debian's
# cross compiler and Debian's musl for that machine, unpacked below build/cross. No package of a
# foreign architecture is installed; needs what `scripts/setup.sh cross` installs.
set -eu

here=$(dirname -- "$0")
. "$here/common.sh"

arch=${1-}
case $arch in
arm64) triple=aarch64-linux ;;
*) fail "$0: there is no cross build for '$arch', only for arm64" ;;
esac
root=$(checkout "$0")/build/cross/$arch
gcc=$root/musl-gcc

# apt with lists of its own, so that the machine's stay as they are.
apt_apart() {
  apt-get -q -o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o APT::Sandbox::User=root \
    -o "Dir::State=$root/state" -o Dir::State::status=/dev/null -o "Dir::Cache=$root/cache" "$@"
}

# The packages name absolute paths, which are moved below $root.
unpack() {
  rm -rf "$root"
  mkdir -p "$root/state/lists/partial" "$root/cache/archives/partial"
  cd "$root"
  apt_apart update
  apt_apart download musl musl-dev musl-tools
  for package in ./*.deb; do
    dpkg-deb -x "$package" .
  done
  sed "s|/usr/|$root/usr/|g" "usr/lib/$triple-musl/musl-gcc.specs" >musl-gcc.specs
  # Where the Makefile looks for the start files.
  ln -sf "$root/musl-gcc.specs" "usr/lib/$triple-musl/musl-gcc.specs"
  rm -rf ./*.deb state cache
  cat >musl-gcc.new <<END
#!/bin/sh
exec $triple-gnu-gcc "\$@" -specs "$root/usr/lib/$triple-musl/musl-gcc.specs"
END
  chmod 755 musl-gcc.new
  mv musl-gcc.new musl-gcc
}

if [ ! -x "$gcc" ]; then
  sh "$here/setup.sh" build cross >&2
  have apt-get || fail "The cross build takes musl for $arch from Debian's packages: no apt-get here."
  (unpack >&2)
fi
printf '%s\n' "$gcc"
