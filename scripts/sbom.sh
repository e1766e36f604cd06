#!/bin/sh
# sbom.sh FOLDER VERSION CC LIBC SERVICE...: FOLDER/barnacle.spdx.json, the bill of materials of the
# services in FOLDER, as SPDX 2.3. LIBC is the archive of libc they are linked with.
# SOURCE_DATE_EPOCH, or else the time of the commit, is its date: same commit, same bytes.
set -eu

here=$(dirname -- "$0")
. "$here/common.sh"

folder=$1 version=$2 cc=$3 libc=$4
shift 4
document=$folder/barnacle.spdx.json

epoch=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null || echo 0)}
created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)
gcc=$($cc -dumpfullversion)
# Its __libc_version.
musl=$(strings "$libc" | sed -n '/^1\.[0-9]*\.[0-9]*$/{p;q;}')
[ -n "$musl" ] || fail "$0: $libc is no musl"

# Different binaries must not share a name.
name=$(cd "$folder" && cat "$@" | sha256sum | cut -d ' ' -f 1)

# NAME VERSION LICENCE SUPPLIER: with what the services are linked, and what they are.
package() {
  cat <<END
    {
      "SPDXID": "SPDXRef-$1",
      "name": "$1",
      "versionInfo": "$2",
      "supplier": "$4",
      "downloadLocation": "NOASSERTION",
      "filesAnalyzed": false,
      "licenseConcluded": "$3",
      "licenseDeclared": "$3",
      "copyrightText": "NOASSERTION"
    }$5
END
}

file() {
  cat <<END
    {
      "SPDXID": "SPDXRef-$1",
      "fileName": "./$1",
      "fileTypes": ["BINARY"],
      "checksums": [
        {"algorithm": "SHA1", "checksumValue": "$(sha1sum "$folder/$1" | cut -d ' ' -f 1)"},
        {"algorithm": "SHA256", "checksumValue": "$(sha256sum "$folder/$1" | cut -d ' ' -f 1)"}
      ],
      "licenseConcluded": "MIT",
      "licenseInfoInFiles": ["MIT"],
      "copyrightText": "NOASSERTION"
    }
END
}

relation() {
  printf '    {"spdxElementId": "SPDXRef-%s", "relationshipType": "%s", "relatedSpdxElement": "SPDXRef-%s"}' "$@"
}

write() {
  cat <<END
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "barnacle-$version",
  "documentNamespace": "https://spdx.org/spdxdocs/barnacle-$version-$name",
  "creationInfo": {
    "created": "$created",
    "creators": ["Tool: barnacle-sbom.sh-$version"]
  },
  "packages": [
END
  package barnacle "$version" MIT NOASSERTION ,
  package musl "$musl" MIT 'Organization: musl libc' ,
  package libgcc "$gcc" 'GPL-3.0-or-later WITH GCC-exception-3.1' \
    'Organization: Free Software Foundation' ''
  printf '  ],\n  "files": [\n'
  comma=''
  for service in "$@"; do
    printf %s "$comma"
    file "$service"
    comma=,
  done
  printf '  ],\n  "relationships": [\n'
  relation DOCUMENT DESCRIBES barnacle
  for service in "$@"; do
    printf ',\n'
    relation barnacle CONTAINS "$service"
    for part in musl libgcc; do
      printf ',\n'
      relation "$service" STATIC_LINK "$part"
    done
  done
  printf '\n  ]\n}\n'
}

write "$@" >"$document.new"
mv "$document.new" "$document"
