"""The one way a process connects to Redis: bounded, with timeouts, cancellable, and never instrumented."""

import asyncio
from collections.abc import Iterable
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

CONNECTIONS_MAX = 64
CONNECT_SECONDS_MAX = 2.0
ANSWER_SECONDS_MAX = 5.0


class _Cancellable(AbstractConnection):
    """Sends under a timeout that costs no task and loses no cancellation.

    redis-py 5 sends with `asyncio.wait_for`, which before Python 3.12 returns as if nothing had been asked when a
    cancellation meets a write that is just done: with a write of one turn of the loop, almost always. It also makes a
    task for every command. What is said on failure is redis-py's.
    """

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        """Connect or check the connection where that is due, then send."""
        if not self.is_connected:
            await self.connect()  # type: ignore[no-untyped-call]
        elif check_health:
            await self.check_health()  # type: ignore[no-untyped-call]
        if isinstance(command, str):
            command = command.encode()
        try:
            async with asyncio.timeout(self.socket_timeout):
                await self._send_packed_command([command] if isinstance(command, bytes) else command)
        except TimeoutError:
            await self.disconnect(nowait=True)
            raise RedisTimeoutError("Timeout writing to socket") from None
        except OSError as error:
            await self.disconnect(nowait=True)
            raise RedisConnectionError(f"Error while writing to socket: {error}") from error
        except BaseException:
            await self.disconnect(nowait=True)  # half a command may have been sent
            raise


class _Plain(_Cancellable, Connection):
    pass


class _Encrypted(_Cancellable, SSLConnection):
    pass


class _Local(_Cancellable, UnixDomainSocketConnection):
    pass


_BY_SCHEME = {"redis": _Plain, "rediss": _Encrypted, "unix": _Local}


def connect_redis(url: str) -> Redis:
    """A client on its own pool. A connection that turns out to be dead is replaced once before a command fails."""
    scheme = urlsplit(url).scheme
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS_MAX,
        timeout=ANSWER_SECONDS_MAX,
        socket_connect_timeout=CONNECT_SECONDS_MAX,
        socket_timeout=ANSWER_SECONDS_MAX,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[RedisConnectionError],
        **({} if scheme == "unix" else {"socket_keepalive": True}),
    )
    pool.connection_class = _BY_SCHEME[scheme]
    return Redis.from_pool(pool)
