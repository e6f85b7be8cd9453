"""Owns limiting routes: dependencies that find the caller and count the request.

    @router.get("/v1/credits")
    async def credits(who: Annotated[Caller, Depends(dashboard("credits:read"))]) -> ...

They find the `RequestLimits` as `app.state.request_limits`. What is left is told in the headers of the answer.
"""

from starlette.requests import Request

from common.http.identity import Caller
from gateway.authentication import CallerDependency
from gateway.features.board import FeatureBoard
from gateway.keys.rules import Scope
from gateway.requests.limits import RequestLimits
from gateway.requests.rules import Policy
from gateway.requests.telling import tell
from gateway.sessions.attempts import AttemptLimits
from gateway.sessions.client_address import client_address


class CountedDependency(CallerDependency):
    """The caller, as `CallerDependency` finds them, whose request is then counted under a policy."""

    def __init__(self, policy: Policy, scope: Scope | None = None, *, session_only: bool = False) -> None:
        super().__init__(scope, session_only=session_only)
        self._policy = policy

    async def __call__(self, request: Request) -> Caller:
        """Who asks, or 429."""
        found = await super().__call__(request)
        limits: RequestLimits = request.app.state.request_limits
        network = client_address(request, request.app.state.trusted_proxies)
        tell(self._policy, await limits.admit(self._policy, found, network))
        return found


class BuyingDependency(CountedDependency):
    """A person with a session, while payments are taken, within their limits; those of the hour are in Postgres."""

    async def __call__(self, request: Request) -> Caller:
        """Who asks, or 429; 503 while nothing new is taken."""
        found = await super().__call__(request)
        features: FeatureBoard = request.app.state.features
        features.admit_payment()
        attempts: AttemptLimits = request.app.state.attempts
        await attempts.admit_purchase(found.account_id)
        return found


def dashboard(scope: Scope | None = None) -> CountedDependency:
    """Anybody who is known and, when they use an API key, has the scope: for balance, lists, one's account."""
    return CountedDependency("dashboards", scope)


def reading(scope: Scope | None = None) -> CountedDependency:
    """Anybody who is known and, when they use an API key, has the scope: for single things and the feed."""
    return CountedDependency("reads", scope)


def changing(scope: Scope) -> CountedDependency:
    """Anybody who is known and, when they use an API key, has the scope: for changes that cost nothing."""
    return CountedDependency("changes", scope)


def estimating(scope: Scope) -> CountedDependency:
    """Anybody who is known and, when they use an API key, has the scope: for estimates."""
    return CountedDependency("estimates", scope)


own_dashboard = CountedDependency("dashboards", session_only=True)
own_changing = CountedDependency("changes", session_only=True)
exporting = CountedDependency("exports", session_only=True)
buying = BuyingDependency("purchases", session_only=True)


async def anonymous(request: Request) -> None:
    """Anybody at all, within the limit of their network."""
    await _count_stranger(request, "anonymous")


async def ordering(request: Request) -> None:
    """Anybody who opens a page of payment without an account, within the limits of their network."""
    network = await _count_stranger(request, "orders")
    attempts: AttemptLimits = request.app.state.attempts
    await attempts.admit_order(network)


async def _count_stranger(request: Request, policy: Policy) -> str:
    limits: RequestLimits = request.app.state.request_limits
    network = client_address(request, request.app.state.trusted_proxies)
    tell(policy, await limits.admit_stranger(policy, network))
    return network
