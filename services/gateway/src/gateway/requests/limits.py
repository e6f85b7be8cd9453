"""Owns counting requests: a token bucket for each subject, in Redis for all replicas, in this process without it."""

import asyncio
import time
from importlib import resources
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.errors import RateLimited
from gateway.requests.local_buckets import LocalBuckets
from gateway.requests.rules import Allowance, Policy, RequestRules

log = structlog.get_logger(__name__)

REDIS_SECONDS_MAX = 0.25
REDIS_PAUSE_SECONDS = 5.0


class RequestLimits:
    """One call of Redis for each request that is counted. Submissions are not: they have limits of their own."""

    def __init__(self, redis: Redis, rules: RequestRules | None = None) -> None:
        self._rules = rules or RequestRules()
        lua = resources.files("gateway.requests").joinpath("bucket.lua").read_text("utf-8")
        self._script = redis.register_script(lua)
        self._local = LocalBuckets()
        self._away_until = 0.0

    async def admit_read(self, account_id: UUID) -> Allowance:
        """Count one read of an account, by whatever user or key.

        Raises:
            RateLimited: too many in the minute.
        """
        return await self._admit("reads", account_id.hex, self._rules.reads_per_minute)

    async def admit_export(self, account_id: UUID) -> Allowance:
        """Count one export of all there is of an account.

        Raises:
            RateLimited: too many in the minute.
        """
        return await self._admit("exports", account_id.hex, self._rules.exports_per_minute)

    async def admit_estimate(self, account_id: UUID) -> Allowance:
        """Count one estimate of an account.

        Raises:
            RateLimited: too many in the minute.
        """
        return await self._admit("estimates", account_id.hex, self._rules.estimates_per_minute)

    async def admit_purchase(self, account_id: UUID) -> Allowance:
        """Count one page of payment that an account opens.

        Raises:
            RateLimited: too many in the minute.
        """
        return await self._admit("purchases", account_id.hex, self._rules.purchases_per_minute)

    async def admit_order(self, address: str) -> Allowance:
        """Count one page of payment that somebody without an account opens, by their network.

        Raises:
            RateLimited: too many in the minute.
        """
        return await self._admit("purchases", address, self._rules.purchases_per_minute)

    async def admit_anonymous(self, address: str) -> Allowance:
        """Count one request without valid credentials; all of a network share one bucket, whatever they present.

        Raises:
            RateLimited: too many in the minute.
        """
        return await self._admit("anonymous", address, self._rules.anonymous_per_minute)

    async def _admit(self, policy: Policy, subject: str, per_minute: int) -> Allowance:
        allowance = await self._take(f"requests:{{{policy}:{subject}}}", per_minute)
        if allowance.wait_seconds > 0:
            raise RateLimited(
                f"At most {per_minute} such requests a minute.",
                retry_after_seconds=allowance.wait_seconds,
                rule=policy,
                limit=per_minute,
            )
        return allowance

    async def _take(self, key: str, per_minute: int) -> Allowance:
        if time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(REDIS_SECONDS_MAX):
                    admitted, number, full_ms = await self._script(keys=[key], args=[per_minute])
            except (RedisError, OSError, TimeoutError) as error:
                self._away_until = time.monotonic() + REDIS_PAUSE_SECONDS
                log.warning("requests_counted_locally", error=repr(error)[:200])
            else:
                if admitted:
                    return Allowance(per_minute, number, full_ms / 1000)
                return Allowance(per_minute, 0, full_ms / 1000, number / 1000)
        return self._local.take(key, per_minute)
