"""Starts what a process needs of the bus: the relay, a consumer for each topic, housekeeping and vital figures."""

import os
import socket
from collections.abc import Mapping

from redis.asyncio import Redis

from common.bus.consumer import Consumer, ConsumerLimits
from common.bus.handlers import Handlers
from common.bus.relay import Relay
from common.bus.retention import Retention
from common.bus.streams import topics_of
from common.bus.vitals import Vitals
from common.db.database import Database
from common.runtime import Process


async def start_relay(process: Process, service: str, database: Database, redis: Redis) -> Relay:
    """Relay what this process writes. Needed in every process that emits events."""
    relay = Relay(service, database, redis)
    await relay.prepare()
    database.courier = relay
    process.spawn("relay-quick", relay.run_quick)
    process.spawn("relay-marks", relay.run_marks)
    process.spawn("relay-sweep", relay.run_sweep)
    return relay


def start_consumers(
    process: Process,
    service: str,
    database: Database,
    redis: Redis,
    handlers: Handlers,
    limits: ConsumerLimits | None = None,
    *,
    by_topic: Mapping[str, ConsumerLimits] | None = None,
    together: bool = False,
) -> None:
    """Join the service's group on every topic it subscribes to, and look after the streams it publishes.

    Args:
        by_topic: the limits of single topics; `limits` are those of the rest.
        together: read all topics as one, in the order in which things happened. Apart, none waits for another.
    """
    topics = topics_of(service)
    for share in [topics] if together else [(topic,) for topic in topics]:
        consumer = Consumer(
            group=service,
            name=member_name(),
            topics=share,
            database=database,
            redis=redis,
            handlers=handlers,
            limits=(by_topic or {}).get(share[0], limits),
        )
        process.spawn(f"consumer-{'-'.join(share)}", consumer.run)
        process.spawn(f"reclaim-{'-'.join(share)}", consumer.run_reclaim)
    process.spawn("retention", Retention(service, database, redis).run)
    process.spawn("vitals", Vitals(service, database, redis).run)


def member_name() -> str:
    """This process's name in its consumer groups: stable over restarts, so that it finds what it left unfinished."""
    return os.environ.get("INSTANCE") or socket.gethostname()
