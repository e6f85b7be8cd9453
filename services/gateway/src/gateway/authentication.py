"""Owns who is asking: an access token, verified here, or an API key, looked up once and remembered.

    @router.post("/v1/jobs/{kind}")
    async def submit(caller: Annotated[Caller, Depends(allowed("jobs:write"))]) -> ...

The dependencies find the `Authenticator` as `app.state.authenticator`, and count those it does not know with
`app.state.request_limits`, by their network (`app.state.trusted_proxies`). An access token cannot be taken back
before it lapses, unless its account was deleted; an API key stops at once (see `keys.revocations`). A plan that has
changed counts at once, whatever token or key name (see `subscriptions.changed_plans`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog
from fastapi.openapi.models import HTTPBearer as BearerModel
from fastapi.security.base import SecurityBase
from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request

from common.db.database import Database
from common.errors import DependencyUnavailable, Forbidden, Unauthorized
from common.http.identity import Caller, verify_access_token
from gateway.degraded.promptly import promptly
from gateway.deletion.closed_accounts import ClosedAccounts
from gateway.keys.known_keys import KNOWN_SECONDS, KnownKeys
from gateway.keys.last_used import LastUsed
from gateway.keys.revocations import Revocations
from gateway.keys.rules import PREFIX, Scope, digest, is_well_formed
from gateway.keys.storage import LiveKey, find_live_key
from gateway.requests.limits import RequestLimits
from gateway.requests.telling import tell
from gateway.sessions.client_address import client_address
from gateway.subscriptions.changed_plans import ChangedPlans

TOKEN_LENGTH_MAX = 4096
LOOK_UP_SECONDS_MAX = 2.0


class Authenticator:
    """Turns the `Authorization` header into a caller.

    Args:
        access_token_secrets: any of them may have signed.
        key_seconds: how long a key is remembered, which is how long a revoked one may go on where the word of
            its revocation did not arrive.
    """

    def __init__(
        self,
        database: Database,
        redis: Redis,
        access_token_secrets: Sequence[SecretStr],
        *,
        key_seconds: float = KNOWN_SECONDS,
    ) -> None:
        self._database = database
        self._secrets = tuple(access_token_secrets)
        self._keys = KnownKeys(self._find_key, known_seconds=key_seconds)
        self._last_used = LastUsed(database)
        self.revocations = Revocations(redis, self._keys)
        self.closed_accounts = ClosedAccounts(database)
        self.changed_plans = ChangedPlans(database)

    async def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """The caller behind a request's headers. Waits for nothing but the look-up of a key not yet known.

        Raises:
            Unauthorized: no credentials, malformed, expired, revoked, or signed by somebody else.
            DependencyUnavailable: the key is not remembered and the database does not answer.
        """
        token = bearer_token(headers)
        if not token.startswith(PREFIX):
            found = verify_access_token(self._secrets, token)
            if found.account_id in self.closed_accounts:
                raise Unauthorized
            plan = self.changed_plans.plan_of(found.account_id, found.plan)
            return found if plan == found.plan else replace(found, plan=plan)
        key = await self._keys.get(digest(token)) if is_well_formed(token) else None
        if key is None:
            raise Unauthorized("The API key is not valid.")
        self._last_used.note(key.key_id)
        plan = self.changed_plans.plan_of(key.account_id, key.plan)
        return Caller(key.account_id, key.user_id, plan, key.scopes, "api_key", key.key_id)

    async def run_revocations(self) -> None:
        """Hear of revoked keys for ever; run it as a task of the process."""
        await self.revocations.run()

    async def run_last_used(self) -> None:
        """Write down when keys were used, for ever; run it as a task of the process."""
        await self._last_used.run()

    async def _find_key(self, secret_hash: bytes) -> LiveKey | None:
        try:
            return await promptly(self._find_live_key(secret_hash), LOOK_UP_SECONDS_MAX)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise DependencyUnavailable(retry_after_seconds=2) from error

    async def _find_live_key(self, secret_hash: bytes) -> LiveKey | None:
        async with self._database.autocommit() as connection:
            return await find_live_key(connection, secret_hash)


def bearer_token(headers: Mapping[str, str]) -> str:
    """The token of `Authorization: Bearer …` (RFC 6750 §2.1).

    Raises:
        Unauthorized: the header is missing, has another scheme, or no single token of bearable length.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    token = token.strip(" ")
    if scheme.lower() != "bearer" or not token or len(token) > TOKEN_LENGTH_MAX:
        raise Unauthorized
    if not token.isascii() or " " in token:
        raise Unauthorized
    return token


class CallerDependency(SecurityBase):
    """A FastAPI dependency: the caller, or 401 (too many: 429), or 403 where a key lacks the scope; bearer in OpenAPI.

    Args:
        scope: what an API key must be allowed to do.
        session_only: refuse API keys altogether.
    """

    def __init__(self, scope: Scope | None = None, *, session_only: bool = False) -> None:
        self.model = BearerModel(description="An access token from `/v1/sessions`, or an API key (`atl_live_…`).")
        self.scheme_name = "bearer"
        self._scope = scope
        self._session_only = session_only

    @property
    def can_forbid(self) -> bool:
        """Whether somebody who is known may be refused here: an API key."""
        return self._session_only or self._scope is not None

    async def __call__(self, request: Request) -> Caller:
        """Who asks. Binds `account_id` to log lines."""
        authenticator: Authenticator = request.app.state.authenticator
        try:
            found = await authenticator.authenticate(request.headers)
        except Unauthorized:
            await _count_stranger(request)
            raise
        structlog.contextvars.bind_contextvars(account_id=str(found.account_id))
        if self._session_only and found.via != "session":
            raise Forbidden("An API key cannot do this; sign in.")
        if self._scope is not None and not found.allows(self._scope):
            raise Forbidden(f"The API key lacks the scope {self._scope}.")
        return found


async def _count_stranger(request: Request) -> None:
    """Whatever was presented is nobody's, so it counts for the network it came from.

    Raises:
        RateLimited: too many such requests from there.
    """
    limits: RequestLimits = request.app.state.request_limits
    network = client_address(request, request.app.state.trusted_proxies)
    tell("anonymous", await limits.admit_stranger("anonymous", network))


caller = CallerDependency()
"""Anybody who is known."""

signed_in = CallerDependency(session_only=True)
"""A person with a session: what a leaked key must not be able to do."""


def allowed(scope: Scope) -> CallerDependency:
    """Anybody who is known and, when they use an API key, has the scope."""
    return CallerDependency(scope)
