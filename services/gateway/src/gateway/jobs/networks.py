"""How many submissions one network may send, by whatever accounts: a safety net, counted in each process."""

from dataclasses import replace

from starlette.requests import Request

from gateway.plans.limits import PlanLimits
from gateway.requests.local_buckets import LocalBuckets
from gateway.requests.telling import tell
from gateway.sessions.client_address import client_address


class Networks:
    """Counts submissions before anything else is looked at; valid or not, new or repeated.

    Args:
        trusted_proxies: how many proxies of ours stand in front.
    """

    def __init__(self, trusted_proxies: int) -> None:
        self._trusted_proxies = trusted_proxies
        self._buckets = LocalBuckets()

    def admit(self, request: Request, limits: PlanLimits) -> None:
        """Count one submission.

        Raises:
            RateLimited: more than the plan grants to one network.
        """
        if limits.accounts_per_network is None:
            return
        per_minute = limits.submissions_per_minute * limits.accounts_per_network
        allowance = self._buckets.take(f"{limits.plan}:{client_address(request, self._trusted_proxies)}", per_minute)
        if allowance.wait_seconds > 0:
            tell("submissions", replace(allowance, subject="network"))
