"""Owns the switches in memory: read again every second, obeyed here, and told to the other services.

While the database is away the last known switches hold; before the first look nothing is switched.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.clock import now
from common.db.database import Database, is_transient
from common.errors import Degraded, KindDisabled
from common.events.features import Features, Notice
from common.features import features_key
from gateway.features.rules import PAYMENT_TEXT, READ_ONLY_TEXT
from gateway.features.storage import load

log = structlog.get_logger(__name__)

REFRESH_SECONDS = 1.0
READ_SECONDS_MAX = 3.0
TELL_SECONDS_MAX = 1.0
RETRY_AFTER_SECONDS = 60.0
"""What a caller is told where the operator named no end."""


class FeatureBoard:
    """How all switches stand."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis
        self.current = Features()

    def admit_submission(self, kind: str) -> None:
        """Permit new work of a kind.

        Raises:
            Degraded: nothing new is taken.
            KindDisabled: this kind is switched off.
        """
        features = self.current
        if features.read_only is not None:
            raise Degraded(features.read_only.text, **_told("read-only", features.read_only))
        if features.kinds_off and (notice := features.kinds_off.get(kind)) is not None:
            raise KindDisabled(notice.text, **_told(f"kind.{kind}", notice))

    def admit_payment(self) -> None:
        """Permit a new page of payment.

        Raises:
            Degraded: nothing new is taken.
        """
        notice = self.current.read_only
        if notice is not None:
            raise Degraded(PAYMENT_TEXT if notice.text == READ_ONLY_TEXT else notice.text, **_told("read-only", notice))

    def admit_sign_up(self) -> None:
        """Permit a new account.

        Raises:
            Degraded: sign-up is closed.
        """
        notice = self.current.sign_up_closed
        if notice is not None:
            raise Degraded(notice.text, **_told("sign-up", notice))

    def offers(self, kind: str) -> bool:
        """Whether a kind is switched on."""
        return kind not in self.current.kinds_off

    def limits_factor(self) -> float:
        """What the limits of plans are multiplied by."""
        return self.current.limits_factor

    async def load(self) -> None:
        """Read all switches."""
        async with asyncio.timeout(READ_SECONDS_MAX), self._database.autocommit() as connection:
            features, _ = await load(connection)
        if features.version != self.current.version:
            log.info("features_changed", **features.model_dump(mode="json"))
        self.current = features

    async def tell(self) -> None:
        """Write the document that the other services read (see `common.features`); without Redis, later."""
        try:
            async with asyncio.timeout(TELL_SECONDS_MAX):
                await self._redis.set(features_key(), self.current.model_dump_json())
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("features_not_told", error=repr(error)[:200])

    async def run(self) -> None:
        """Read and tell again every second, for ever. What was not read anew is not told anew."""
        while True:
            try:
                await self.load()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("features_not_refreshed", error=repr(error)[:200])
            else:
                await self.tell()
            await asyncio.sleep(REFRESH_SECONDS)


def _told(switch: str, notice: Notice) -> Mapping[str, Any]:
    return {
        "switch": switch,
        "expected_end_at": None if notice.until is None else notice.until.isoformat(),
        "retry_after_seconds": _retry_after(notice.until),
    }


def _retry_after(until: datetime | None) -> float:
    if until is None:
        return RETRY_AFTER_SECONDS
    return max(RETRY_AFTER_SECONDS, (until - now()).total_seconds())
