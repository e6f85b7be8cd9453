"""Owns what a request limit is, the numbers that hold until the table is read, and how a client is told of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

Policy = Literal[
    "dashboards", "reads", "changes", "estimates", "exports", "purchases", "orders", "anonymous", "submissions"
]
Subject = Literal["account", "user", "key", "network"]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)
MONEY: frozenset[Policy] = frozenset({"purchases", "orders"})
"""Where more is refused rather than permitted while nobody can count for all replicas."""


@dataclass(frozen=True, slots=True)
class RequestRule:
    """Requests a minute of one account, of one of its users, of one of its keys, and from one network; None: any."""

    account: int | None = None
    user: int | None = None
    key: int | None = None
    network: int | None = None

    def times(self, factor: float) -> "RequestRule":
        """The numbers multiplied; at least one request of each is left."""
        if factor == 1:
            return self
        numbers = {subject: getattr(self, subject) for subject in SUBJECTS}
        return replace(
            self, **{subject: max(1, int(number * factor)) for subject, number in numbers.items() if number is not None}
        )


RULES: Mapping[Policy, RequestRule] = {
    "dashboards": RequestRule(account=30, user=30, key=30, network=600),
    "reads": RequestRule(account=3000, user=3000, key=1500, network=12_000),
    "changes": RequestRule(account=240, user=240, key=120, network=1200),
    "estimates": RequestRule(account=30, user=30, key=30, network=600),
    "exports": RequestRule(account=2),
    "purchases": RequestRule(account=6, network=60),
    "orders": RequestRule(network=6),
    "anonymous": RequestRule(network=120),
}
"""What migration 0010 puts into `request_limits`, which is where they are changed. A test compares the two.

`dashboards` are what a page of overview shows: balance, lists, the state of one's account. `reads` are single things
and the feed, which programs follow. `purchases` are pages of payment: whoever tries out stolen cards wants many.
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a bucket; `wait_seconds` above 0 means that this request was not in it."""

    per_minute: int
    remaining: int
    full_seconds: float
    wait_seconds: float = 0.0
    subject: Subject = "account"

    def headers(self, policy: Policy) -> dict[str, str]:
        """`RateLimit` and `RateLimit-Policy` (IETF httpapi draft: ratelimit headers)."""
        return {
            "ratelimit": f'"{policy}";r={self.remaining};t={math.ceil(self.full_seconds)}',
            "ratelimit-policy": f'"{policy}";q={self.per_minute};w=60',
        }
