"""A PostgreSQL that a test stops and starts again with the same data."""

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from atelier_local import postgres as embedded
from atelier_local.home import Home

from ..embedded import free_port

SECONDS_MAX = 20.0


class OwnPostgres:
    """One server in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o711)  # as root the server runs as somebody else, who must pass through
        self.port = free_port()
        self._postgres = embedded.locate(Home(folder), self.port, lambda _: None)
        self._postgres.initialise("tests")
        self.url = self._postgres.url("tests")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it accepts connections."""
        identity = self._postgres.identity
        user: dict[str, Any] = {"user": identity.uid, "group": identity.gid, "extra_groups": []} if identity else {}
        settings = [
            "fsync=off",
            "full_page_writes=off",
            "shared_buffers=16MB",
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
        ]
        options = [part for setting in settings for part in ("-c", setting)]
        process = self._process = subprocess.Popen(
            [self._postgres.binaries / "postgres", "-D", self._postgres.data, *options],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **user,
        )
        deadline = time.monotonic() + SECONDS_MAX
        while not self._postgres.ready(process.pid):
            assert process.poll() is None, "the server ended while starting"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)

    def stop(self) -> None:
        """End it with all its connections, if it runs."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(SECONDS_MAX)
            self._process = None
