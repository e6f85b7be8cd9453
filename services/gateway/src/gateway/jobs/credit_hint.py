"""Confirms an early refusal with billing, so that a stale hint never turns a paying user away."""

import asyncio

import httpx2
import structlog
from pydantic import BaseModel, SecretStr, ValidationError
from redis.exceptions import RedisError

from common.errors import InsufficientCredits
from common.http.identity import IDENTITY_HEADER, Caller, sign_identity
from gateway.jobs.limits import Limits

log = structlog.get_logger(__name__)

SECONDS_MAX = 1.0


class _Credits(BaseModel):
    available: int


class CreditHint:
    """Asks the owner of the truth."""

    def __init__(
        self, billing_url: str, http: httpx2.AsyncClient, identity_secrets: tuple[SecretStr, ...], limits: Limits
    ) -> None:
        self._url = f"{billing_url}/v1/credits"
        self._http = http
        self._secrets = identity_secrets
        self._limits = limits

    async def confirm(self, caller: Caller, price_credits: int) -> None:
        """Return when the hint was wrong or nobody can tell: then the ledger decides as for any other job.

        Raises:
            InsufficientCredits: billing says so too.
        """
        try:
            async with asyncio.timeout(SECONDS_MAX):
                answer = await self._http.get(
                    self._url, headers={IDENTITY_HEADER: sign_identity(self._secrets, caller)}
                )
            answer.raise_for_status()
            available = _Credits.model_validate_json(answer.content).available
        except (httpx2.HTTPError, ValidationError, TimeoutError) as error:
            log.warning("credit_hint_unconfirmed", error=repr(error)[:200])
        else:
            if available < price_credits:
                raise InsufficientCredits(price_credits, available)
        try:
            async with asyncio.timeout(SECONDS_MAX):
                await self._limits.forget_hint(caller.account_id)
        except (RedisError, TimeoutError, OSError) as error:
            log.warning("credit_hint_not_forgotten", error=repr(error)[:200])
