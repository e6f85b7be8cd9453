"""Who listens: the caller that the gateway vouches for, or a user's own token when ingress leads here."""

from collections.abc import Awaitable, Callable, Sequence

import structlog
from pydantic import SecretStr
from starlette.requests import Request

from common.errors import Unauthorized
from common.http.identity import IDENTITY_HEADER, Caller, verify_access_token, verify_identity


def require_caller(
    identity_secrets: Sequence[SecretStr], access_token_secrets: Sequence[SecretStr]
) -> Callable[[Request], Awaitable[Caller]]:
    """A FastAPI dependency: the caller by `X-Atelier-Identity` or `Authorization: Bearer`, or 401."""

    async def caller(request: Request) -> Caller:
        found = _caller_of(request)
        structlog.contextvars.bind_contextvars(account_id=str(found.account_id))
        return found

    def _caller_of(request: Request) -> Caller:
        identity = request.headers.get(IDENTITY_HEADER)
        if identity:
            return verify_identity(identity_secrets, identity)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized
        return verify_access_token(access_token_secrets, token.strip())

    return caller
