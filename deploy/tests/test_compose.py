"""docker-compose.yml: valid, hardened, small enough for its box, and complete in what it hands to each process."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from common import runtime
from common.settings import CommonSettings
from generation.providers.bootstrap import build_providers
from generation.providers.settings import ProviderSettings

from .manifests import ROOT
from .variables import DATABASE_OVERRIDES, INSTANCE, SAMPLE_SECRETS, names_read_by, settings_of

COMPOSE = ROOT / "docker-compose.yml"
BOX_MIB = 512
OTHER_NAMES = {"HEALTHCHECK_URL"}  # read by the health check, not by the program
GIVEN = SAMPLE_SECRETS | {
    "PUBLIC_URL": "https://api.studio.example",
    "POSTGRES_PASSWORD": "0123456789abcdef",
    "MAIL_FROM": "Atelier <studio@studio.example>",
}
_VARIABLE = re.compile(r"\$\{([A-Z_]+)(?:(:-|:\?)([^}]*))?\}")
_SECONDS = re.compile(r"(\d+)s")

Service = dict[str, Any]


def _services() -> dict[str, Service]:
    return dict(yaml.safe_load(COMPOSE.read_text())["services"])


def _ours(*, running: bool = False) -> dict[str, Service]:
    return {
        name: service
        for name, service in _services().items()
        if "build" in service and not (running and name.startswith("migrate-"))
    }


def _interpolate(text: str) -> str:
    def value(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        if name in GIVEN:
            return GIVEN[name]
        assert operator == ":-", f"{name} has neither a default nor a complaint where it is first used"
        return str(rest)

    return _VARIABLE.sub(value, text)


def _environment(service: Service) -> dict[str, str]:
    return {name: _interpolate(value) for name, value in service["environment"].items() if value is not None}


def _mib(limit: str) -> int:
    value = _interpolate(limit)
    assert value.endswith("m")
    return int(value[:-1])


def test_is_valid_compose() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    command = [str(checker), "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 0, result.stdout


def test_fits_the_small_box() -> None:
    services = _services().items()
    lasting = {
        name: service
        for name, service in services
        if "profiles" not in service and service["restart"] == "unless-stopped"
    }
    assert {"postgres", "valkey", "worker"} < set(lasting)
    assert sum(_mib(service["mem_limit"]) for service in lasting.values()) <= BOX_MIB


@pytest.mark.parametrize("name", sorted(_services()))
def test_takes_every_privilege_away(name: str) -> None:
    service = _services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "mem_limit" in service
    assert "privileged" not in service
    assert "cap_add" not in service


@pytest.mark.parametrize("name", sorted(_services()))
def test_listens_on_loopback_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in _services()[name].get("ports", []))


@pytest.mark.parametrize("name", sorted(_services()))
def test_pins_images_by_tag(name: str) -> None:
    image = _interpolate(_services()[name]["image"])
    _, _, tag = image.rpartition(":")
    assert tag not in {"", "latest"}
    assert "/" not in tag


@pytest.mark.parametrize("name", sorted(_ours()))
def test_hands_over_what_the_process_reads_and_nothing_else(name: str) -> None:
    service = _ours()[name]
    names = set(service["environment"]) - OTHER_NAMES
    expected = names_read_by(service["command"]) - {INSTANCE, "DATABASE_URL"}
    if service["command"][0] == "billing" or service["command"][0] == "generation":
        expected -= {"ACCESS_TOKEN_SECRET"}  # neither signs nor verifies users' tokens
    assert names == expected


@pytest.mark.parametrize("name", sorted(_ours()))
async def test_lets_every_process_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = _ours()[name]
    for variable in names_read_by(service["command"]):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in _environment(service).items():
        monkeypatch.setenv(variable, value)
    for cls in settings_of(service["command"]):
        settings = cls()
        if isinstance(settings, CommonSettings):
            database = settings.database_url_for(service["command"][0])
            assert settings.production
            assert database.endswith(f"@postgres:5432/atelier_{service['command'][0]}")
        elif isinstance(settings, ProviderSettings):
            await build_providers(settings, None).aclose()


@pytest.mark.parametrize("name", sorted(_ours(running=True)))
def test_gives_every_process_the_time_its_drain_takes(name: str) -> None:
    service = _ours(running=True)[name]
    match = _SECONDS.fullmatch(service["stop_grace_period"])
    assert match is not None
    drain = float(_environment(service)["DRAIN_SECONDS"])
    assert int(match.group(1)) > drain + runtime._HANG_MARGIN_SECONDS + runtime._FLUSH_SECONDS


@pytest.mark.parametrize("name", sorted(_ours(running=True)))
def test_starts_a_service_after_its_servers_and_its_migration(name: str) -> None:
    service = _ours(running=True)[name]
    conditions = {other: entry["condition"] for other, entry in service["depends_on"].items()}
    assert conditions == {
        "postgres": "service_healthy",
        "valkey": "service_healthy",
        f"migrate-{service['command'][0]}": "service_completed_successfully",
    }


@pytest.mark.parametrize("name", sorted(_ours(running=True)))
def test_asks_for_health_where_the_process_listens(name: str) -> None:
    service = _ours(running=True)[name]
    environment = _environment(service)
    variable = "GENERATION_WORKER_PORT" if name == "worker" else f"{service['command'][0].upper()}_PORT"
    assert environment["HEALTHCHECK_URL"] == f"http://127.0.0.1:{environment[variable]}/readyz"
    assert "start_period" in service["healthcheck"]


def test_gives_all_processes_together_fewer_connections_than_postgres_allows() -> None:
    command = _services()["postgres"]["command"]
    (allowed,) = (int(part.removeprefix("-cmax_connections=")) for part in command if "max_connections" in part)
    pools = [
        int(value)
        for service in _ours(running=True).values()
        for name, value in _environment(service).items()
        if name.endswith("POOL_SIZE")
    ]
    assert len(pools) == len(_ours(running=True))
    assert sum(pools) <= 0.8 * allowed


def test_keeps_the_queue_on_disk_and_never_evicts() -> None:
    command = _services()["valkey"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"


def test_keeps_data_in_named_volumes() -> None:
    volumes = yaml.safe_load(COMPOSE.read_text())["volumes"]
    used = {volume.partition(":")[0] for service in _services().values() for volume in service.get("volumes", [])}
    assert {name for name in used if not name.startswith("./")} == set(volumes)


def test_every_service_has_a_database_of_its_own() -> None:
    addresses = {
        _environment(service)[name]
        for service in _ours().values()
        for name in DATABASE_OVERRIDES.values()
        if name in service["environment"]
    }
    assert len(addresses) == len(DATABASE_OVERRIDES)
