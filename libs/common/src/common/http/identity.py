"""Owns who is asking: users' access tokens, and the short-lived identity the gateway signs for an owner.

    caller: Annotated[Caller, Depends(require_identity(settings.identity_secrets))]

Both are JWTs (RFC 7519, HS256) of different audience and type, so that one is never taken for the other. The
first secret signs, all of them verify.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

import jwt
import structlog
from pydantic import SecretStr
from starlette.requests import Request

from common import clock
from common.errors import Unauthorized

IDENTITY_HEADER = "X-Atelier-Identity"
IDENTITY_TTL = timedelta(seconds=60)

_ISSUER = "atelier"
_ALGORITHM = "HS256"
_REQUIRED = ["iss", "aud", "exp", "iat", "sub"]
_LEEWAY_SECONDS = 5
_TOKEN_LENGTH_MAX = 4096
_CACHED_TOKENS_MAX = 10_000

Via = Literal["session", "api_key"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, for which account, and how they proved it. `key_id` is for limits and is not passed on."""

    account_id: UUID
    user_id: UUID
    plan: str
    scopes: frozenset[str] = frozenset()
    via: Via = "session"
    key_id: UUID | None = None

    def allows(self, scope: str) -> bool:
        """A session may do everything its user may; an API key what its scopes name (`*` is all)."""
        return self.via == "session" or scope in self.scopes or "*" in self.scopes


@dataclass(frozen=True, slots=True)
class _Purpose:
    audience: str
    type: str


_ACCESS = _Purpose("atelier-api", "at+jwt")  # RFC 9068
_IDENTITY = _Purpose("atelier-internal", "atelier-identity+jwt")


def issue_access_token(
    secrets: Sequence[SecretStr],
    *,
    account_id: UUID,
    user_id: UUID,
    plan: str,
    ttl: timedelta,
    now: datetime | None = None,
) -> str:
    """An access token for a signed-in user, valid for `ttl`."""
    return _sign(secrets, _ACCESS, Caller(account_id, user_id, plan), ttl, now)


def verify_access_token(secrets: Sequence[SecretStr], token: str, now: datetime | None = None) -> Caller:
    """The user behind an access token.

    Raises:
        Unauthorized: expired, from another issuer, for another purpose, or malformed in whatever way.
    """
    return _verifier(tuple(secrets), _ACCESS).verify(token, now or clock.now())


def sign_identity(
    secrets: Sequence[SecretStr], caller: Caller, ttl: timedelta = IDENTITY_TTL, now: datetime | None = None
) -> str:
    """The value of `X-Atelier-Identity` with which the gateway vouches for a caller."""
    return _sign(secrets, _IDENTITY, caller, ttl, now)


def verify_identity(secrets: Sequence[SecretStr], token: str, now: datetime | None = None) -> Caller:
    """The caller a gateway vouches for.

    Raises:
        Unauthorized: expired, for another purpose, or malformed in whatever way.
    """
    return _verifier(tuple(secrets), _IDENTITY).verify(token, now or clock.now())


def require_identity(secrets: Sequence[SecretStr]) -> Callable[[Request], Awaitable[Caller]]:
    """A FastAPI dependency behind the gateway: the caller, or 401. Binds `account_id` to log lines."""

    async def caller(request: Request) -> Caller:
        token = request.headers.get(IDENTITY_HEADER)
        if not token:
            raise Unauthorized
        found = verify_identity(secrets, token)
        structlog.contextvars.bind_contextvars(account_id=str(found.account_id))
        return found

    return caller


def _sign(secrets: Sequence[SecretStr], purpose: _Purpose, caller: Caller, ttl: timedelta, now: datetime | None) -> str:
    if not secrets:
        raise ValueError("no secret to sign with is configured")
    issued_at = now or clock.now()
    claims = {
        "iss": _ISSUER,
        "aud": purpose.audience,
        "iat": int(issued_at.timestamp()),
        "exp": int((issued_at + ttl).timestamp()),
        "sub": str(caller.user_id),
        "account": str(caller.account_id),
        "plan": caller.plan,
        "scope": " ".join(sorted(caller.scopes)),  # RFC 8693 §4.2
        "via": caller.via,
    }
    return jwt.encode(claims, secrets[0].get_secret_value(), _ALGORITHM, headers={"typ": purpose.type})


class _Verifier:
    """Verifies tokens of one purpose and remembers the good ones until they expire, up to 10,000."""

    def __init__(self, secrets: Sequence[SecretStr], purpose: _Purpose) -> None:
        self._keys = [secret.get_secret_value() for secret in secrets]
        self._purpose = purpose
        self._known: OrderedDict[str, tuple[Caller, int]] = OrderedDict()

    def verify(self, token: str, now: datetime) -> Caller:
        if len(token) > _TOKEN_LENGTH_MAX:
            raise Unauthorized
        seconds = now.timestamp()
        known = self._known.get(token)
        if known is None:
            known = self._known[token] = self._decode(token, seconds)
            if len(self._known) > _CACHED_TOKENS_MAX:
                self._known.popitem(last=False)
        caller, expires_at = known
        if seconds >= expires_at + _LEEWAY_SECONDS:
            del self._known[token]
            raise Unauthorized("The credentials have expired.")
        return caller

    def _decode(self, token: str, seconds: float) -> tuple[Caller, int]:
        for key in self._keys:
            try:
                decoded = jwt.decode_complete(
                    token,
                    key,
                    algorithms=[_ALGORITHM],
                    audience=self._purpose.audience,
                    issuer=_ISSUER,
                    options={
                        "require": _REQUIRED,
                        "verify_exp": False,
                        "verify_iat": False,
                        "verify_nbf": False,
                    },
                )
                return self._read(decoded, seconds)
            except jwt.InvalidSignatureError:
                continue
            except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
                # Attackers choose these bytes; PyJWT lets some of the standard library's exceptions through.
                raise Unauthorized from None
        raise Unauthorized

    def _read(self, decoded: dict[str, Any], seconds: float) -> tuple[Caller, int]:
        claims = decoded["payload"]
        if decoded["header"]["typ"] != self._purpose.type or claims["via"] not in ("session", "api_key"):
            raise ValueError("not a token of this purpose")
        expires_at, issued_at = claims["exp"], claims["iat"]
        if not isinstance(expires_at, int) or not isinstance(issued_at, int):
            raise TypeError("times must be whole seconds")
        if issued_at > seconds + _LEEWAY_SECONDS:
            raise ValueError("issued in the future")
        caller = Caller(
            account_id=UUID(claims["account"]),
            user_id=UUID(claims["sub"]),
            plan=str(claims["plan"]),
            scopes=frozenset(claims["scope"].split()),
            via=claims["via"],
        )
        return caller, expires_at


@lru_cache(maxsize=16)
def _verifier(secrets: tuple[SecretStr, ...], purpose: _Purpose) -> _Verifier:
    return _Verifier(secrets, purpose)
