"""What tests of a whole home share: the small service, looking for leftovers, asking the database."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from atelier_local.postgres import installed
from atelier_local.processes import ProcessSpec
from atelier_local.stack import Stack

DUMMIES = Path(__file__).parent / "dummies"
ECHO = ProcessSpec("echo", "echo", ports={"ECHO_PORT": "echo"}, ready_port="echo", migrates=True)

MakeStack = Callable[..., Stack]


def processes_of(home: Path) -> list[str]:
    """Every living process that has something to do with a home, by its command line or environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                traces = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                files = "".join(str(link.readlink()) for link in (entry / "fd").iterdir())
            except OSError:
                continue
            if os.fsencode(home) in traces or str(home) in files:
                found.append(f"{entry.name} {(entry / 'comm').read_text().strip()}")
    return found


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def sql(stack: Stack, statement: str, database: str = "echo") -> str:
    """Run a statement with the wheel's own psql."""
    psql = installed() / "pginstall" / "bin" / "psql"
    command = [psql, stack.database_url(database), "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", statement]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
