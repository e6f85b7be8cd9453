"""Owns the choice of ports: free on the loopback address, and the same again at the next start where possible."""

import random
import socket
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path

from atelier_local.home import Home, HomeError
from atelier_local.state import read_private, write_private

LOOPBACK = "127.0.0.1"
_TRIES_MAX = 500
_LOWEST = 15000
_EPHEMERAL_DEFAULT = 32768
_EPHEMERAL_FILE = Path("/proc/sys/net/ipv4/ip_local_port_range")


class Reservations:
    """Ports held by a listening socket until the process they are meant for is about to bind them."""

    def __init__(self) -> None:
        self._sockets: dict[int, socket.socket] = {}

    def take(self, port: int) -> bool:
        """Hold a port; False when somebody has it."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen(1)
        except OSError:
            listener.close()
            return False
        self._sockets[port] = listener
        return True

    def release(self, ports: Iterable[int]) -> None:
        """Give ports up to the process that starts now."""
        for port in ports:
            if listener := self._sockets.pop(port, None):
                listener.close()

    def close(self) -> None:
        """Give everything up."""
        self.release(list(self._sockets))


def choose_ports(
    home: Home, names: Iterable[str], reservations: Reservations, *, preferred: Mapping[str, int]
) -> dict[str, int]:
    """A free port for each name: the one of last time, else the preferred one, else a random one.

    Random ports stay below the range the kernel hands out to clients, so that a port is still free when its
    owner is restarted.

    Raises:
        HomeError: no free port was found.
    """
    known = {name: int(port) for name, port in read_private(home.ports_file).items()}
    chosen: dict[str, int] = {}
    for name in names:
        candidates = [port for port in (known.get(name), preferred.get(name)) if port]
        chosen[name] = next((port for port in candidates if reservations.take(port)), None) or _random_port(
            reservations
        )
    if known | chosen != known:
        write_private(home.ports_file, known | chosen)
    return chosen


def answers(port: int, *, timeout_seconds: float = 0.5) -> bool:
    """Whether something accepts connections on a loopback port."""
    with suppress(OSError), closing(socket.create_connection((LOOPBACK, port), timeout_seconds)):
        return True
    return False


def _random_port(reservations: Reservations) -> int:
    highest = _ephemeral_start() - 1
    chooser = random.SystemRandom()
    for _ in range(_TRIES_MAX):
        port = chooser.randint(_LOWEST, highest)
        if reservations.take(port):
            return port
    raise HomeError(f"no free port between {_LOWEST} and {highest}")


def _ephemeral_start() -> int:
    try:
        start = int(_EPHEMERAL_FILE.read_text().split()[0])
    except (OSError, ValueError, IndexError):  # not Linux, or a sealed /proc
        return _EPHEMERAL_DEFAULT
    return start if start > _LOWEST + 1000 else 65536
