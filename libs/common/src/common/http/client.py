"""Owns how we speak HTTP to others: clients with limits and timeouts, deaf to proxies in the environment."""

import ssl
from collections.abc import Mapping
from functools import lru_cache

import httpx2

CONNECTIONS_MAX = 100
KEEP_ALIVE_CONNECTIONS_MAX = 20
KEEP_ALIVE_SECONDS = 15  # below the 30 s of our servers, so that we are never the ones surprised by a close
CONNECT_SECONDS = 2.0
READ_SECONDS = 10.0


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """The process's one TLS context for clients: building it reads all root certificates."""
    return httpx2.create_ssl_context(trust_env=False)


def build_http_client(
    *,
    base_url: str = "",
    headers: Mapping[str, str] | None = None,
    connect_seconds: float = CONNECT_SECONDS,
    read_seconds: float = READ_SECONDS,
    connections_max: int = CONNECTIONS_MAX,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> httpx2.AsyncClient:
    """A client that never waits without end: to connect, for a free connection, or between two reads.

    It follows no redirects and keeps no more than 20 idle connections, each 15 seconds. The timeouts hold for
    single steps; put `asyncio.timeout` around a call with a deadline. Close it (`async with`).
    """
    return httpx2.AsyncClient(
        base_url=base_url,
        headers=headers,
        verify=tls_context(),
        trust_env=False,
        follow_redirects=False,
        timeout=httpx2.Timeout(read_seconds, connect=connect_seconds, pool=connect_seconds),
        limits=httpx2.Limits(
            max_connections=connections_max,
            max_keepalive_connections=min(KEEP_ALIVE_CONNECTIONS_MAX, connections_max),
            keepalive_expiry=KEEP_ALIVE_SECONDS,
        ),
        transport=transport,
    )
