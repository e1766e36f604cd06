#!/bin/sh
# images.sh SERVICE...: builds the images, prints size and digest of each, and refuses one that holds
# anything but its binary. The bill of materials goes to build/images.
#
#   DOCKER       the client; without it docker
#   BUILD_IMAGE  what they are compiled in; without it what docker/Dockerfile says
#   PREFIX, TAG  what they are called: PREFIX/SERVICE:TAG; without them barnacle and local
#   VERSION      goes into their labels, as the commit does
set -eu

here=$(dirname -- "$0")
. "$here/common.sh"

docker=${DOCKER:-docker}
prefix=${PREFIX:-barnacle}
tag=${TAG:-local}
root=$(checkout "$0")
out=$root/build/images
cd "$root"

have "${docker%% *}" || fail "There is no $docker: scripts/setup.sh docker installs it."
$docker version >/dev/null || fail 'The Docker engine does not answer.'

revision=$(git log -1 --format=%H 2>/dev/null) || revision=unknown
epoch=$(git log -1 --format=%ct 2>/dev/null) || epoch=0

# build TARGET IMAGE
build() {
  $docker build -q -f docker/Dockerfile --target "$1" -t "$2" \
    ${BUILD_IMAGE:+--build-arg "BUILD_IMAGE=$BUILD_IMAGE"} \
    --build-arg "VERSION=$VERSION" --build-arg "REVISION=$revision" \
    --build-arg "SOURCE_DATE_EPOCH=$epoch" . >/dev/null
}

# Copies the files of image $1, which need not be able to run, to folder $2.
unpack() {
  container=$($docker create "$1" none)
  rm -rf "$2"
  mkdir -p "$2"
  $docker export "$container" | tar -x -C "$2" ||
    fail "$1 could not be unpacked."
  $docker rm "$container" >/dev/null
}

mkdir -p "$out"
build sbom "$prefix/sbom:$tag"
unpack "$prefix/sbom:$tag" "$out/sbom"
cp "$out/sbom/barnacle.spdx.json" "$out/"
rm -rf "$out/sbom"

printf '%-24s %9s  %s\n' image bytes digest
for service in "$@"; do
  image=$prefix/$service:$tag
  build "$service" "$image"
  size=$($docker image inspect -f '{{.Size}}' "$image")
  unpack "$image" "$out/$service.files"
  binary=$(wc -c <"$out/$service.files/$service")
  [ "$size" -eq "$binary" ] || fail "$image has $size bytes, its binary $binary."
  rm -rf "$out/$service.files"
  printf '%-24s %9s  %s\n' "$image" "$size" "$($docker image inspect -f '{{.Id}}' "$image")"
done
