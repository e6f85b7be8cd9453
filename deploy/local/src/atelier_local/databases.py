"""Owns the databases' existence: one per service, made where missing, before the services migrate them."""

import asyncio
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit, urlunsplit

_CONNECT_SECONDS_MAX = 15.0
_COMMAND_SECONDS_MAX = 60.0


def create_databases(server_url: str, services: Iterable[str]) -> None:
    """Create `atelier_<service>` for each service that has none; call it in a child, for it runs an event loop.

    Raises:
        OSError: the server cannot be reached.
        asyncpg.PostgresError: it refused.
    """
    asyncio.run(_create(server_url, sorted(f"atelier_{service}" for service in services)))


async def _create(server_url: str, wanted: Sequence[str]) -> None:
    import asyncpg  # only the child that creates pays for it

    connection = await asyncpg.connect(
        maintenance_url(server_url), timeout=_CONNECT_SECONDS_MAX, command_timeout=_COMMAND_SECONDS_MAX
    )
    try:
        rows = await connection.fetch("SELECT datname FROM pg_database")
        for name in set(wanted) - {row["datname"] for row in rows}:
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close(timeout=_CONNECT_SECONDS_MAX)


def maintenance_url(server_url: str) -> str:
    """The address of the database that always exists, for a server's address in any of its spellings."""
    parts = urlsplit(server_url)
    scheme = parts.scheme.partition("+")[0]
    return f"{scheme}://{parts.netloc}{urlunsplit(('', '', '/postgres', parts.query, ''))}"
