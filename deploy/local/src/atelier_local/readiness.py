"""Owns the question whether a process is ready: one short HTTP request, without threads or an event loop."""

import http.client
from contextlib import closing

from atelier_local.ports import LOOPBACK, answers

_PROBE_SECONDS_MAX = 1.0


def http_ready(port: int, path: str | None) -> bool:
    """Whether `GET path` says 200; without a path, whether connections are accepted."""
    if path is None:
        return answers(port)
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=_PROBE_SECONDS_MAX)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
