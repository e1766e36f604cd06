#!/bin/sh
# The entry point of the PostgreSQL that the tests use: makes the data when there is none, never runs as root.
set -eu
data=/var/lib/postgresql/data
user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-postgres}
[ "$(id -u)" != 0 ] || exec setpriv --reuid postgres --regid postgres --init-groups sh "$0"
if [ ! -s "$data/PG_VERSION" ]; then
  printf %s "$POSTGRES_PASSWORD" >/tmp/password
  initdb -D "$data" -U "$user" --auth-local=trust --auth-host=scram-sha-256 --pwfile=/tmp/password --encoding=UTF8
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$data/pg_hba.conf"
  [ "$database" = postgres ] || echo "CREATE DATABASE $database" | postgres --single -D "$data" postgres
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
