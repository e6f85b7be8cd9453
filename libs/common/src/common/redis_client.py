"""The one way a process connects to Redis: bounded, with timeouts, and never instrumented."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

CONNECTIONS_MAX = 64
CONNECT_SECONDS_MAX = 2.0
ANSWER_SECONDS_MAX = 5.0


def connect_redis(url: str) -> Redis:
    """A client on its own pool. A connection that turns out to be dead is replaced once before a command fails."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS_MAX,
        timeout=ANSWER_SECONDS_MAX,
        socket_connect_timeout=CONNECT_SECONDS_MAX,
        socket_timeout=ANSWER_SECONDS_MAX,
        socket_keepalive=True,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[RedisConnectionError],
    )
    return Redis.from_pool(pool)
