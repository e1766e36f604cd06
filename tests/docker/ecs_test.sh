#!/bin/sh
# deploy/eb-ecs: its Dockerrun.aws.json with the semantics of ECS, the stores elsewhere, as RDS and
# ElastiCache are.
# shellcheck disable=SC2153,SC2317 # PREFIX is given, and until_ok calls them
. "$(dirname -- "$0")/rig.sh"

prefix=barnacletest-ecs
file=deploy/eb-ecs/Dockerrun.aws.json
PORT=$(port_from 3050)
url=http://127.0.0.1:$PORT
log=$WORK/ecs.log

remove() {
  kill -TERM "${runner:-}" 2>/dev/null
  # shellcheck disable=SC2046
  docker rm -fv $(docker ps -aq --filter "name=$prefix") >/dev/null 2>&1
}
trap remove EXIT
trap 'exit 1' INT TERM HUP
remove

running() {
  grep -qx running "$log"
}

ended() {
  ! kill -0 "$runner" 2>/dev/null
}

postgres_ready() {
  docker exec "$prefix-postgres" pg_isready -q -h 127.0.0.1 -U postgres
}

address() {
  inspect "$1" '{{.NetworkSettings.IPAddress}}'
}

run() {
  for service in router web api worker; do
    docker rm -f "$prefix-$service" >/dev/null 2>&1
  done
  : >"$log"
  node tests/docker/dockerrun.js "$file" "$prefix" --port "80=$PORT" \
    --replace "@ROUTER_IMAGE@=$PREFIX/router:$TAG" --replace "@WEB_IMAGE@=$PREFIX/web:$TAG" \
    --replace "@API_IMAGE@=$PREFIX/api:$TAG" --replace "@WORKER_IMAGE@=$PREFIX/worker:$TAG" \
    "REDIS_HOST=$(address "$prefix-redis")" "RDS_HOSTNAME=$(address "$prefix-postgres")" RDS_PORT=5432 \
    RDS_DB_NAME=postgres RDS_USERNAME=postgres RDS_PASSWORD=a-password PGSSLMODE=disable >"$log" 2>&1 &
  runner=$!
  until_ok 30 running || {
    diag "$(cat "$log")"
    bail 'all containers start'
  }
}

need_images
[ -e "$file" ] || bail "$file is there"
docker run -d --name "$prefix-postgres" -e POSTGRES_PASSWORD=a-password --user postgres "$POSTGRES_IMAGE" >/dev/null
docker run -d --name "$prefix-redis" --user redis "$REDIS_IMAGE" redis-server >/dev/null
until_ok 30 postgres_ready
ok $? 'the stores are there'

run
is "$(head -n 4 "$log" | tail -n 1)" 'started router' 'who links others starts after them'
end_to_end
for service in router web api worker; do
  container=$prefix-$service
  until_ok 40 healthy "$container"
  ok $? "$service: healthy, by the health check of the definition"
  fits "$container" "$service"
done
holds "$(inspect "$prefix-router" '{{.Config.Env}}')" RDS_PASSWORD= 'every container gets every property'
kill -0 "$runner" 2>/dev/null
ok $? 'links, and variables meant for others, disturb nobody'

# One dies: the task ends, and a new one is started in its place, as the service does.
docker kill -s KILL "$prefix-worker" >/dev/null
until_ok 15 ended
ok $? 'an essential container that dies ends the task'
holds "$(cat "$log")" 'router ended with 0' 'the others end orderly'
run
until_ok 20 has_value 5 8
ok $? 'a new task finds what the old one has made'

began=$(now_ms)
kill -TERM "$runner"
until_ok 15 ended
ms=$(($(now_ms) - began))
[ "$ms" -lt 10000 ]
ok $? "all stop within 10 s ($ms ms)"
is "$(grep -c 'ended with 0' "$log")" 4 'all four orderly'
is "$(sed -n 's/^\(router\|api\|web\) ended.*/\1/p' "$log" | head -n 1)" router 'the router before those it asks'
finish
