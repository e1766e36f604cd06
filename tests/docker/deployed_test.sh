#!/bin/sh
# The compose files of deploy/: eb-compose as Elastic Beanstalk starts it, with the stores elsewhere;
# own with the stores beside it, and a backup of it put back as deploy/README.md tells.
# shellcheck disable=SC2153,SC2317 # PREFIX is given, and until_ok calls them
. "$(dirname -- "$0")/rig.sh"

services='router web api worker'
project=barnacletest-deployed
folder=$WORK/deployed
PORT=$(port_from 3050)
url=http://127.0.0.1:$PORT

compose() {
  (cd "$folder" && composer -p "$project" "$@") >>"$WORK/deployed.log" 2>&1
}

down() {
  [ ! -e "$folder/docker-compose.yml" ] || compose down -v --timeout 10
  # shellcheck disable=SC2046
  docker rm -fv $(docker ps -aq --filter "name=$project-") >/dev/null 2>&1
  rm -rf "$folder"
}
trap down EXIT
trap 'exit 1' INT TERM HUP

begin() {
  down
  mkdir -p "$folder"
}

up() {
  compose up -d || {
    diag "$(tail "$WORK/deployed.log")"
    bail "$1: compose up"
  }
}

# Where Beanstalk has put digests, and its environment properties into .env.
test_eb_compose() {
  begin
  sed -e "s|@ROUTER_IMAGE@|$PREFIX/router:$TAG|" -e "s|@WEB_IMAGE@|$PREFIX/web:$TAG|" \
    -e "s|@API_IMAGE@|$PREFIX/api:$TAG|" -e "s|@WORKER_IMAGE@|$PREFIX/worker:$TAG|" \
    -e "s|\"80:3050\"|\"127.0.0.1:$PORT:3050\"|" deploy/eb-compose/docker-compose.yml >"$folder/docker-compose.yml"
  cat >"$folder/.env" <<END
REDIS_HOST=$project-redis
RDS_HOSTNAME=$project-postgres
RDS_PORT=5432
RDS_DB_NAME=postgres
RDS_USERNAME=postgres
RDS_PASSWORD=a-password
PGSSLMODE=disable
LOG_FORMAT=json
END
  up eb-compose
  # The services wait for them, as for stores that another stack still makes.
  network=${project}_default
  docker run -d --name "$project-postgres" --network "$network" -e POSTGRES_PASSWORD=a-password "$POSTGRES_IMAGE" >/dev/null
  docker run -d --name "$project-redis" --network "$network" "$REDIS_IMAGE" redis-server >/dev/null
  end_to_end
  for service in $services; do
    until_ok 40 healthy "$(container "$service")"
    ok $? "eb-compose: $service is healthy, by the health check of its image"
    fits "$(container "$service")" "$service"
  done
  began=$(now_ms)
  compose stop
  ms=$(($(now_ms) - began))
  [ "$ms" -lt 10000 ]
  ok $? "eb-compose: all stop within 10 s ($ms ms)"
}

dump_is_there() {
  ls "$folder"/backup/barnacle-*.dump >/dev/null 2>&1
}

recorded_number() {
  case $(ask /api/values/all) in *"{\"number\":$1}"*) return 0 ;; esac
  return 1
}

test_own() {
  begin
  cp deploy/own/docker-compose.yml "$folder"
  sed -e "s|^ROUTER_IMAGE=.*|&$PREFIX/router:$TAG|" -e "s|^WEB_IMAGE=.*|&$PREFIX/web:$TAG|" \
    -e "s|^API_IMAGE=.*|&$PREFIX/api:$TAG|" -e "s|^WORKER_IMAGE=.*|&$PREFIX/worker:$TAG|" \
    -e 's|^PGPASSWORD=.*|&a-password|' -e "s|^PUBLISH=.*|PUBLISH=127.0.0.1:$PORT|" deploy/own/.env.example >"$folder/.env"
  echo "VALKEY_IMAGE=$REDIS_IMAGE" >>"$folder/.env"
  mkdir -m 700 "$folder/backup"
  up own
  end_to_end
  # The first one may be of before the table was.
  until_ok 30 dump_is_there
  ok $? 'own: there is a dump'
  rm -f "$folder"/backup/*.dump
  compose restart backup
  until_ok 30 dump_is_there
  ok $? 'own: and another one when the container starts anew'
  is "$(status /api/values '{"index":30}')" 200 'own: a number comes after it'
  compose stop api worker
  compose exec -T postgres pg_restore -U barnacle -d barnacle --clean --if-exists <"$(echo "$folder"/backup/barnacle-*.dump)"
  ok $? 'own: the dump is put back'
  compose exec -T valkey valkey-cli FLUSHALL
  compose start api worker
  until_ok 30 recorded_number 20
  ok $? 'own: what was dumped is there again'
  ! recorded_number 30
  ok $? 'own: what came after it is not'
  until_ok 40 has_value 20 10946
  ok $? 'own: and its values are computed again'
}

need_images
test_eb_compose
test_own
finish
