#!/bin/sh
# push.sh REGISTRY COMMIT [FILE]: builds the four images for amd64 and arm64, pushes them under the
# tag COMMIT with SBOM and provenance attached, and writes to FILE (build/images.txt) a line each:
#
#	router REGISTRY/barnacle-router@sha256:...
#
# Wants docker with buildx, and to be logged in to REGISTRY. A tag that is there already is taken as
# it is: the repositories are immutable, and the build of a commit is reproducible.
set -eu

[ $# -ge 2 ] || {
  echo "usage: $0 REGISTRY COMMIT [FILE]" >&2
  exit 2
}
cd -- "$(dirname -- "$0")/.."
registry=$1 commit=$2 list=${3:-build/images.txt}
mkdir -p "$(dirname -- "$list")"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct "$commit")}
export SOURCE_DATE_EPOCH

for service in router web api worker; do
  name=$registry/barnacle-$service
  if ! docker buildx imagetools inspect "$name:$commit" >/dev/null 2>&1; then
    docker buildx build --file docker/Dockerfile --target "$service" \
      --platform linux/amd64,linux/arm64 --build-arg "REVISION=$commit" \
      --build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" \
      --provenance mode=max --sbom true --tag "$name:$commit" --push . >&2
  fi
  digest=$(docker buildx imagetools inspect "$name:$commit" --format '{{.Manifest.Digest}}')
  case $digest in
  sha256:*) echo "$service $name@$digest" ;;
  *)
    echo "$0: no digest for $name:$commit, but '$digest'" >&2
    exit 1
    ;;
  esac
done >"$list.part"
mv -- "$list.part" "$list"
cat -- "$list"
