"""Owns how a home and a plan become processes: ports, servers, environments, and what each child runs."""

import importlib
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from atelier_local import postgres, valkey
from atelier_local.credentials import load_credentials
from atelier_local.databases import create_databases
from atelier_local.environment import Wiring, fixed_ports, process_environment, public_environment
from atelier_local.fork import Child
from atelier_local.home import Home
from atelier_local.managed import STOP_POSTGRES, STOP_SERVICE, STOP_VALKEY, Managed
from atelier_local.ports import Reservations, choose_ports
from atelier_local.priority import step_back, step_forward
from atelier_local.processes import (
    STOP_POSTGRES as POSTGRES_STAGE,
)
from atelier_local.processes import (
    STOP_VALKEY as VALKEY_STAGE,
)
from atelier_local.processes import (
    ProcessSpec,
    port_names,
)
from atelier_local.readiness import http_ready


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that is going to run, in order of starting."""

    servers: list[Managed]
    databases: list[Child]
    migrations: list[Child]
    services: list[Managed]
    environment: dict[str, str]
    urls: dict[str, str]


def assemble(
    home: Home,
    plan: list[ProcessSpec],
    caller: Mapping[str, str],
    reservations: Reservations,
    *,
    preferred_ports: Mapping[str, int],
    say: Callable[[str], None],
) -> Assembly:
    """Decide ports and addresses, initialise the servers' directories, and describe every child.

    Raises:
        HomeError: something about the home or the caller's environment stands in the way.
    """
    fixed = fixed_ports(plan, caller)
    names = [name for name in port_names(plan) if name not in fixed]
    embedded = [name for name, url in (("postgres", "DATABASE_URL"), ("valkey", "REDIS_URL")) if not caller.get(url)]
    ports = fixed | choose_ports(home, [*names, *embedded], reservations, preferred=preferred_ports)
    credentials = load_credentials(home)
    servers, urls = _servers(home, ports, caller, say)
    wiring = Wiring(ports, credentials, urls["postgres"], urls["valkey"])
    shared = public_environment(wiring, caller)
    urls |= {spec.name: wiring.url(spec.ready_port) for spec in plan if spec.ready_port}
    migrating = [spec for spec in plan if spec.migrates]
    return Assembly(
        servers,
        [_creation(home, migrating, urls["postgres"], caller)] if migrating else [],
        [_migration(home, spec, wiring, shared, caller) for spec in migrating],
        [_service(home, spec, wiring, shared, caller) for spec in plan],
        shared,
        urls,
    )


def _servers(
    home: Home, ports: Mapping[str, int], caller: Mapping[str, str], say: Callable[[str], None]
) -> tuple[list[Managed], dict[str, str]]:
    credentials = load_credentials(home)
    urls = {"postgres": caller.get("DATABASE_URL", ""), "valkey": caller.get("REDIS_URL", "")}
    servers = []
    if not urls["postgres"]:
        database = postgres.locate(home, ports["postgres"], say)
        database.initialise(credentials.postgres_password)
        urls["postgres"] = database.url(credentials.postgres_password)
        child = Child("postgres", database.execute, {}, home.log("postgres"), signal.SIGINT)
        servers.append(Managed(child, POSTGRES_STAGE, STOP_POSTGRES, database.ready, (database.port,)))
    if not urls["valkey"]:
        store = valkey.locate(home, ports["valkey"], credentials.valkey_password)
        store.initialise()
        urls["valkey"] = store.url
        child = Child("valkey", store.execute, {}, home.log("valkey"), signal.SIGTERM)
        servers.append(Managed(child, VALKEY_STAGE, STOP_VALKEY, store.ready, (store.port,)))
    return servers, urls


def _service(
    home: Home, spec: ProcessSpec, wiring: Wiring, shared: Mapping[str, str], caller: Mapping[str, str]
) -> Managed:
    child = Child(
        spec.name,
        partial(_run_service, spec.module, spec.role, niceness=spec.niceness),
        process_environment(spec, wiring, shared, caller),
        home.log(spec.name),
        signal.SIGKILL,
    )
    ready_port = wiring.ports[spec.ready_port] if spec.ready_port else None
    return Managed(
        child,
        spec.stop_stage,
        STOP_SERVICE,
        partial(_service_ready, ready_port, spec.ready_path),
        tuple(wiring.ports[name] for name in spec.ports.values()),
    )


def _migration(
    home: Home, spec: ProcessSpec, wiring: Wiring, shared: Mapping[str, str], caller: Mapping[str, str]
) -> Child:
    name = f"migrate-{spec.module}"
    environment = process_environment(spec, wiring, shared, caller)
    return Child(name, partial(_run_service, spec.module, "migrate"), environment, home.log(name), signal.SIGKILL)


def _creation(home: Home, plan: list[ProcessSpec], url: str, caller: Mapping[str, str]) -> Child:
    services = [spec.module for spec in plan if not caller.get(f"{spec.module.upper()}_DATABASE_URL")]
    name = "create-databases"

    def create(_tie: Callable[[], None]) -> None:
        if services:
            create_databases(url, services)

    return Child(name, create, dict(caller), home.log(name), signal.SIGKILL)


def _run_service(module: str, role: str, _tie: Callable[[], None], *, niceness: int = 0) -> None:
    sys.argv = [module, role]
    if niceness:
        step_back(niceness)
    else:
        step_forward()
    importlib.import_module(f"{module}.main").run(role)


def _service_ready(port: int | None, path: str | None, _pid: int) -> bool:
    return port is None or http_ready(port, path)
