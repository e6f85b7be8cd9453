"""Owns reading credits: billing's answer, and the last known one where billing does not answer."""

import asyncio

import structlog
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from common.errors import Degraded, DependencyUnavailable
from common.http.identity import Caller
from common.http.passthrough import Passthrough
from gateway.degraded.last_known import LastKnown
from gateway.degraded.marks import Mark, marked
from gateway.degraded.outages import Outages

log = structlog.get_logger(__name__)

NAME = "credits"
PART = "billing"
SECONDS_MAX = 1.5
RETRY_SECONDS = 5.0
_AWAY = frozenset({502, 503, 504})


class CreditReads:
    """What an account has, whatever is away. Never a ground to permit anything: the ledger alone decides that."""

    def __init__(self, billing: Passthrough, last_known: LastKnown, outages: Outages) -> None:
        self._billing = billing
        self._last_known = last_known
        self._outages = outages

    async def answer(self, request: Request, caller: Caller) -> Response:
        """Billing's answer within a moment, else the last known one with its age.

        Raises:
            Degraded: billing does not answer and nothing is known.
        """
        if self._outages.billing.is_away:
            return await self._remembered(caller)
        try:
            async with asyncio.timeout(SECONDS_MAX):
                answer = await self._billing.forward(request, caller)
        except (DependencyUnavailable, TimeoutError) as error:
            log.debug("credits_not_read", error=repr(error)[:200])
            return await self._missed(caller)
        if answer.status_code in _AWAY:
            return await self._missed(caller)
        body = getattr(answer, "body", None)  # an answer of any length that is relayed as it comes has none
        if answer.status_code == 200 and isinstance(body, bytes):
            self._last_known.note(caller.account_id, NAME, body.decode)
        return answer

    async def _missed(self, caller: Caller) -> Response:
        self._outages.billing.suspect()
        return await self._remembered(caller)

    async def _remembered(self, caller: Caller) -> Response:
        try:
            known = await self._last_known.find(caller.account_id, NAME)
        except (RedisError, TimeoutError, OSError) as error:
            self._outages.redis.suspect()
            log.debug("last_known_not_read", error=repr(error)[:200])
            known = None
        if known is None:
            raise Degraded("Credits cannot be looked up for the moment.", retry_after_seconds=RETRY_SECONDS)
        return marked(Response(known.text, media_type="application/json"), Mark(PART, known.age_seconds))
