"""Owns what a request limit is and how a client is told of it."""

import math
from dataclasses import dataclass
from typing import Literal

Policy = Literal["reads", "anonymous", "exports", "estimates", "purchases"]


@dataclass(frozen=True, slots=True)
class RequestRules:
    """Requests a minute: of one account, of one network's requests without valid credentials; exports, estimates.

    Purchases are pages of payment that are opened: whoever tries out stolen cards wants many.
    """

    reads_per_minute: int = 300
    anonymous_per_minute: int = 120
    exports_per_minute: int = 2
    estimates_per_minute: int = 30
    purchases_per_minute: int = 6


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a bucket; `wait_seconds` above 0 means that this request was not in it."""

    per_minute: int
    remaining: int
    full_seconds: float
    wait_seconds: float = 0.0

    def headers(self, policy: Policy) -> dict[str, str]:
        """`RateLimit` and `RateLimit-Policy` (IETF httpapi draft: ratelimit headers)."""
        return {
            "ratelimit": f'"{policy}";r={self.remaining};t={math.ceil(self.full_seconds)}',
            "ratelimit-policy": f'"{policy}";q={self.per_minute};w=60',
        }
