#!/bin/sh
# Runs once, when the volume is empty: a role and a database for each service, closed to the other services.
set -eu

for service in gateway billing generation notifier; do
  psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set service="$service" --set password="$SERVICES_PASSWORD" <<'SQL'
CREATE ROLE :"service" LOGIN PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', 'atelier_' || :'service', :'service') \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', 'atelier_' || :'service') \gexec
SQL
done
