"""Owns limiting routes: dependencies that count a request, and a route class that tells what is left.

    router = APIRouter(route_class=LimitedRoute)

    @router.get("/v1/credits")
    async def credits(who: Annotated[Caller, Depends(reading("credits:read"))]) -> ...

They find the `RequestLimits` as `app.state.request_limits`.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from common.http.identity import Caller
from gateway.authentication import CallerDependency
from gateway.keys.rules import Scope
from gateway.requests.limits import RequestLimits
from gateway.requests.rules import Allowance, Policy
from gateway.sessions.client_address import client_address


class LimitedRoute(APIRoute):
    """Adds `RateLimit` headers to the answers of requests that were counted."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, and the headers after it."""
        handle = super().get_route_handler()

        async def handle_and_tell(request: Request) -> Response:
            response = await handle(request)
            headers: dict[str, str] = getattr(request.state, "limit_headers", {})
            response.headers.update(headers)
            return response

        return handle_and_tell


class ReadingDependency(CallerDependency):
    """The caller, as `CallerDependency` finds them, whose request is then counted for the account."""

    async def __call__(self, request: Request) -> Caller:
        """Who asks, or 429."""
        found = await super().__call__(request)
        limits: RequestLimits = request.app.state.request_limits
        _note(request, "reads", await limits.admit_read(found.account_id))
        return found


def reading(scope: Scope | None = None) -> ReadingDependency:
    """Anybody who is known and, when they use an API key, has the scope, within the account's limit on reads."""
    return ReadingDependency(scope)


class ExportingDependency(CallerDependency):
    """A person with a session, within the account's limit on exports."""

    async def __call__(self, request: Request) -> Caller:
        """Who asks, or 429."""
        found = await super().__call__(request)
        limits: RequestLimits = request.app.state.request_limits
        _note(request, "exports", await limits.admit_export(found.account_id))
        return found


exporting = ExportingDependency(session_only=True)


class BuyingDependency(CallerDependency):
    """A person with a session, within the account's limit on pages of payment."""

    async def __call__(self, request: Request) -> Caller:
        """Who asks, or 429."""
        found = await super().__call__(request)
        limits: RequestLimits = request.app.state.request_limits
        _note(request, "purchases", await limits.admit_purchase(found.account_id))
        return found


buying = BuyingDependency(session_only=True)


class EstimatingDependency(CallerDependency):
    """The caller, whose request is then counted among the account's estimates."""

    async def __call__(self, request: Request) -> Caller:
        """Who asks, or 429."""
        found = await super().__call__(request)
        limits: RequestLimits = request.app.state.request_limits
        _note(request, "estimates", await limits.admit_estimate(found.account_id))
        return found


def estimating(scope: Scope) -> EstimatingDependency:
    """Anybody who is known and, when they use an API key, has the scope, within the account's limit on estimates."""
    return EstimatingDependency(scope)


async def anonymous(request: Request) -> None:
    """Anybody at all, within the limit of their network."""
    limits: RequestLimits = request.app.state.request_limits
    address = client_address(request, request.app.state.trusted_proxies)
    _note(request, "anonymous", await limits.admit_anonymous(address))


async def ordering(request: Request) -> None:
    """Anybody who opens a page of payment without an account, within the limit of their network."""
    limits: RequestLimits = request.app.state.request_limits
    address = client_address(request, request.app.state.trusted_proxies)
    _note(request, "purchases", await limits.admit_order(address))


def _note(request: Request, policy: Policy, allowance: Allowance) -> None:
    request.state.limit_headers = allowance.headers(policy)
