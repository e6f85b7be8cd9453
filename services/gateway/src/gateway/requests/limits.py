"""Owns counting requests: token buckets for each subject, in Redis for all replicas, in this process without it."""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import resources
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from common.http.identity import Caller
from gateway.requests.local_buckets import LocalBuckets
from gateway.requests.rules import MONEY, RULES, Allowance, Policy, RequestRule, Subject

log = structlog.get_logger(__name__)

REDIS_SECONDS_MAX = 0.25
REDIS_PAUSE_SECONDS = 5.0
LOCAL_MONEY_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class _Bucket:
    subject: Subject
    key: str
    per_minute: int


class RequestLimits:
    """One call of Redis for each request that is counted. Submissions are counted by admission, in its own script.

    A network's requests with good credentials are counted in this process alone: that bound is a safety net against
    one place with many accounts, not worth a second call to Redis.
    """

    def __init__(self, redis: Redis, rule_of: Callable[[Policy], RequestRule] = RULES.__getitem__) -> None:
        self._rule_of = rule_of
        lua = resources.files("gateway.requests").joinpath("bucket.lua").read_text("utf-8")
        self._script = redis.register_script(lua)
        self._local = LocalBuckets()
        self._local_money = LocalBuckets(closed=True)
        self._networks = LocalBuckets()
        self._away_until = 0.0

    async def admit(self, policy: Policy, caller: Caller, network: str) -> Allowance:
        """Count one request of somebody who is known: for their account, user, key and network."""
        rule = self._rule_of(policy)
        if rule.network is not None:
            allowance = self._networks.take(f"{policy}:{network}", rule.network)
            if allowance.wait_seconds > 0:
                return replace(allowance, subject="network")
        return await self._take(policy, _buckets_of(policy, rule, caller))

    async def admit_stranger(self, policy: Policy, network: str) -> Allowance:
        """Count one request without valid credentials; all of a network share one bucket, whatever they present."""
        number = self._rule_of(policy).network
        buckets = [] if number is None else [_Bucket("network", f"requests:{{{network}}}:{policy}", number)]
        return await self._take(policy, buckets)

    async def _take(self, policy: Policy, buckets: list[_Bucket]) -> Allowance:
        if not buckets:
            return Allowance(1, 1, 0)
        if time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(REDIS_SECONDS_MAX):
                    admitted, place, number, full_ms = await self._script(
                        keys=[bucket.key for bucket in buckets], args=[bucket.per_minute for bucket in buckets]
                    )
            except (RedisError, OSError, TimeoutError) as error:
                self._away_until = time.monotonic() + REDIS_PAUSE_SECONDS
                log.warning("requests_counted_locally", error=repr(error)[:200])
            else:
                bucket = buckets[place - 1]
                left, wait_seconds = (number, 0.0) if admitted else (0, number / 1000)
                return Allowance(bucket.per_minute, left, full_ms / 1000, wait_seconds, bucket.subject)
        return self._take_locally(policy, buckets)

    def _take_locally(self, policy: Policy, buckets: list[_Bucket]) -> Allowance:
        """Reads go on under the same numbers in each process; where it is about money half of them, and closed."""
        is_money = policy in MONEY
        memory, share = (self._local_money, LOCAL_MONEY_SHARE) if is_money else (self._local, 1.0)
        found = [
            replace(memory.take(bucket.key, max(1, int(bucket.per_minute * share))), subject=bucket.subject)
            for bucket in buckets
        ]
        return max(found, key=lambda allowance: (allowance.wait_seconds, -allowance.remaining))


def _buckets_of(policy: Policy, rule: RequestRule, caller: Caller) -> list[_Bucket]:
    """What is counted, all under the account's hash tag. What cannot be the first to run out is left out."""
    tag = f"requests:{{{caller.account_id.hex}}}:{policy}"
    parts: list[tuple[Subject, UUID | None, int | None]] = [
        ("account", caller.account_id, rule.account),
        ("user", caller.user_id, rule.user),
        ("key", caller.key_id, rule.key),
    ]
    buckets: list[_Bucket] = []
    fewest = math.inf
    for subject, subject_id, per_minute in parts:
        if subject_id is not None and per_minute is not None and per_minute < fewest:
            buckets.append(_Bucket(subject, f"{tag}:{subject}:{subject_id.hex}", per_minute))
            fewest = per_minute
    return buckets
