#!/bin/sh
# bundle.sh KIND IMAGES OUT [ROLE]: what Elastic Beanstalk is given, with the images by digest.
#
#	KIND    eb-ecs, eb-compose or eb-single, the folders beside this file
#	IMAGES  the list that push.sh wrote
#	OUT     a .zip to write, or a folder
#	ROLE    eb-ecs: ARN of the execution role, output ExecutionRole of data.yaml
#
# A tag is refused: what runs must not change behind the back of who deployed it.
set -eu

fail() {
  echo "$0: $*" >&2
  exit 1
}

[ $# -ge 3 ] || fail 'usage: bundle.sh eb-ecs|eb-compose|eb-single IMAGES OUT [ROLE]'
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
kind=$1 images=$2 out=$3 role=${4:-}
case $kind in eb-ecs | eb-compose | eb-single) ;; *) fail "there is no kind $kind" ;; esac
[ -r "$images" ] || fail "cannot read $images"

# Set, and removed at the end, only when it is ours.
made=''
trap 'rm -rf "$made"' EXIT
case $out in
*.zip)
  command -v zip >/dev/null || fail 'zip is not installed'
  made=$(mktemp -d)
  folder=$made
  ;;
*)
  mkdir -p "$out"
  folder=$out
  ;;
esac

cp -R "$here/$kind/." "$folder"
for file in "$folder/Dockerrun.aws.json" "$folder/docker-compose.yml"; do
  [ -f "$file" ] || continue
  sed "s|@EXECUTION_ROLE@|$role|" "$file" >"$file.part"
  mv "$file.part" "$file"
  while read -r service image; do
    case $image in
    *@sha256:????????????????????????????????????????????????????????????????) ;;
    *) fail "$service: $image has no digest" ;;
    esac
    mark=@$(printf %s "$service" | tr '[:lower:]' '[:upper:]')_IMAGE@
    sed "s|$mark|$image|" "$file" >"$file.part"
    mv "$file.part" "$file"
  done <"$images"
  # Without a role the line goes: then no secret can be among the environment properties.
  sed '/"executionRoleArn": ""/d' "$file" >"$file.part"
  mv "$file.part" "$file"
  ! grep -n '@[A-Z_]*_IMAGE@' "$file" >&2 || fail "$images does not name the image above"
done

case $out in
*.zip)
  # -X, and times of long ago: the same input gives the same bytes.
  find "$folder" -exec env TZ=UTC touch -t 198001010000 {} +
  (cd "$folder" && find . -type f | LC_ALL=C sort | TZ=UTC zip -q -X bundle.zip -@)
  mv "$folder/bundle.zip" "$out"
  ;;
esac
