#!/bin/sh
# The images: what is in them, what they say of themselves, and that they can be made again.
. "$(dirname -- "$0")/rig.sh"

services='api worker web router'
out=$WORK/images
rm -rf "$out"
mkdir -p "$out"

VERSION=1.2.3 make -s images >"$out/log" 2>&1 || {
  diag "$(tail "$out/log")"
  bail 'make images'
}
# Without what the engine's client says of its age.
figure "$(grep -E '^(image|[^ ]+:[^ ]+) ' "$out/log")"

# What web holds besides its program: each file of the page, and again as gzip has it.
page=$(for file in src/services/web/page/*; do
  cat "$file"
  gzip -9nc "$file"
done | wc -c)

config() {
  inspect "$PREFIX/$1:$TAG" "{{$2}}"
}

for service in $services; do
  image=$PREFIX/$service:$TAG
  container=$(docker create "$image")
  docker export "$container" >"$out/$service.tar"
  docker rm "$container" >/dev/null
  # The engine adds these to every container: empty files and folders to mount on.
  others=$(tar -tf "$out/$service.tar" |
    grep -vxE "$service|\.dockerenv|dev/|dev/(console|pts/|shm/)|etc/|etc/(hostname|hosts|mtab|resolv.conf)|proc/|sys/")
  is "$others" '' "$service: nothing in it but the binary"
  tar -C "$out" -xf "$out/$service.tar" "$service"
  is "$(config "$service" .Size)" "$(wc -c <"$out/$service")" "$service: as large as its binary"
  is "$(config "$service" .Config.User)" 65532:65532 "$service: a user by number, who is not root"
  is "$(config "$service" 'json .Config.Entrypoint')" "[\"/$service\"]" "$service: no shell to start it"
  is "$(config "$service" 'json .Config.Healthcheck.Test')" "[\"CMD\",\"/$service\",\"--healthcheck\"]" \
    "$service: no shell to ask for its health"
  is "$(config "$service" .Config.StopSignal)" SIGTERM "$service: stops by SIGTERM"
  is "$(config "$service" 'index .Config.Labels "org.opencontainers.image.title"')" "barnacle-$service" \
    "$service: its label says what it is"
  is "$(config "$service" 'index .Config.Labels "org.opencontainers.image.revision"')" \
    "$(git log -1 --format=%H)" "$service: its label says of which commit"
  holds "$(docker run --rm --network none --read-only --cap-drop ALL "$image" --version 2>&1)" \
    "barnacle-$service" "$service: runs without network, capabilities, or a place to write"
  # Within the limit of the project.
  case $service in api | worker) limit=131072 ;; *) limit=98304 ;; esac
  [ "$service" != web ] || limit=$((limit + page))
  [ "$(wc -c <"$out/$service")" -le "$limit" ]
  ok $? "$service: $(wc -c <"$out/$service") of $limit bytes"
done
is "$(config api 'json .Config.ExposedPorts')" '{"5000/tcp":{},"9090/tcp":{}}' 'api: its ports'
is "$(config worker 'json .Config.ExposedPorts')" '{"9090/tcp":{}}' 'worker: its port'

# The bill of materials names exactly these bytes.
for service in $services; do
  grep -q "$(sha256sum "$out/$service" | cut -d ' ' -f 1)" build/images/barnacle.spdx.json
  ok $? "$service: the bill of materials has its checksum"
done
node - build/images/barnacle.spdx.json <<'END'
const d = JSON.parse(require('fs').readFileSync(process.argv[2], 'utf8'));
const ids = new Set([d, ...d.packages, ...d.files].map((e) => e.SPDXID));
const need = (e, names) => names.every((n) => e[n] !== undefined && e[n] !== '');
const good = d.spdxVersion === 'SPDX-2.3' && d.dataLicense === 'CC0-1.0' && d.SPDXID === 'SPDXRef-DOCUMENT' &&
  need(d, ['name', 'documentNamespace', 'creationInfo']) && !Number.isNaN(Date.parse(d.creationInfo.created)) &&
  d.packages.every((p) => need(p, ['name', 'SPDXID', 'downloadLocation', 'versionInfo'])) &&
  d.files.every((f) => need(f, ['fileName', 'SPDXID', 'checksums']) &&
    f.checksums.some((c) => c.algorithm === 'SHA1' && /^[0-9a-f]{40}$/.test(c.checksumValue))) &&
  d.relationships.every((r) => ids.has(r.spdxElementId) && ids.has(r.relatedSpdxElement)) &&
  d.relationships.some((r) => r.relationshipType === 'DESCRIBES');
process.exit(good ? 0 : 1);
END
ok $? 'the bill of materials has what SPDX 2.3 requires'

# Again, without what the engine remembers: the same layers.
for service in $services; do
  config "$service" 'json .RootFS.Layers' >"$out/$service.layers"
done
docker build -q --no-cache --build-arg "BUILD_IMAGE=$BUILD_IMAGE" \
  --build-arg "SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)" -f docker/Dockerfile --target build . >"$out/log" 2>&1
VERSION=1.2.3 make -s images >"$out/log" 2>&1 || diag "$(tail "$out/log")"
for service in $services; do
  is "$(config "$service" 'json .RootFS.Layers')" "$(cat "$out/$service.layers")" \
    "$service: built anew, the same layer"
done

# The same bytes in other folders, at other times.
scripts/reproduce.sh api worker web router >"$out/log" 2>&1
ok $? 'the same bytes wherever and whenever they are built' || diag "$(cat "$out/log")"
rm -rf "$out"
finish
