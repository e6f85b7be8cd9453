"""One request on its way down a chain: tries, pauses, keys, and the book kept of every purchase."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Generic

import structlog

from generation.providers.attempt import outcome_of, verdict_of, watched_call
from generation.providers.budget import OverBudget, Reserve
from generation.providers.chain import ChainEntry, Q, R
from generation.providers.circuit import CircuitState, Denied, Permit, Verdict
from generation.providers.errors import (
    EXTERNAL_NOT_FOUND,
    Broken,
    FailedAttempt,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
    Unfit,
)
from generation.providers.keys import AllResting, ApiKey
from generation.providers.ports import (
    AttemptLog,
    AttemptOutcome,
    Correctable,
    OpenAttempt,
    ProgressFn,
    ProviderCall,
)
from generation.providers.retry_policy import Deadline, RetryPolicy

_CLOSE_BOOK_SECONDS = 5.0
_KEY_WAITS_MAX = 3
_KEY_WAIT_SLACK_SECONDS = 0.02

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Purchase:
    """One attempt as recorded: the key that paid and, once known, the vendor's id of the work."""

    attempt_id: str
    key: ApiKey
    external_id: str | None = None
    other_keys_follow: bool = False


@dataclass(frozen=True, slots=True)
class _Leave:
    """What has to be handed back after a call."""

    permit: Permit
    reserve: Reserve


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """This entry did not deliver; the next one is to be tried."""


class ChainRun(Generic[Q, R]):
    """State of one request: what is left of its time, what has failed so far, what may have been charged."""

    def __init__(
        self,
        request: Q,
        *,
        capability: str,
        log: AttemptLog,
        deadline: Deadline,
        policy: RetryPolicy,
        progress: ProgressFn,
    ) -> None:
        self._request = request
        self._capability = capability
        self._log = log
        self._deadline = deadline
        self._policy = policy
        self._progress = progress
        self._lost_purchases: Counter[str] = Counter()
        self.failures: list[FailedAttempt] = []

    async def adopt(self, left_open: OpenAttempt, entry: ChainEntry[Q, R] | None) -> R | NotDelivered:
        """Fetch what an interrupted attempt bought, without buying anything.

        Which of several accounts paid is not recorded, so each of the provider's keys is asked in turn.

        Raises:
            Refused: the interrupted purchase ended as a refusal.
        """
        if entry is None or left_open.external_id is None:
            self._lost_purchases[f"{left_open.provider}/{left_open.model}"] += 1
            await self._log.finish(left_open.attempt_id, AttemptOutcome.ABANDONED)
            return NotDelivered()
        keys = entry.keys.keys
        for position, key in enumerate(keys, start=1):
            purchase = _Purchase(left_open.attempt_id, key, left_open.external_id, position < len(keys))
            found = await self._tries(entry, purchase)
            if not isinstance(found, NotDelivered) or not self._last_was_unknown_id():
                return found
        return NotDelivered()

    async def buy(self, entry: ChainEntry[Q, R]) -> R | NotDelivered:
        """Call one entry up to the policy's limits.

        Raises:
            Refused: the provider turned the input down.
        """
        return await self._tries(entry, None)

    def pass_over(self, entry: ChainEntry[Q, R], reason: str) -> None:
        """Leave an entry out, which is no failure of it."""
        _log.info("provider_skipped", provider=entry.provider, model=entry.model, reason=reason)
        self.failures.append(FailedAttempt(entry.provider, entry.model, reason))

    async def _tries(self, entry: ChainEntry[Q, R], purchase: _Purchase | None) -> R | NotDelivered:
        may_buy = purchase is None
        request = self._request
        for tries_made in range(1, self._policy.tries_max + 1):
            key = purchase.key if purchase else await self._key(entry)
            if key is None:
                return NotDelivered()
            leave = await self._leave(entry, fetching=purchase is not None)
            if leave is None:
                return NotDelivered()
            bought, ended = await self._try_once(entry, key, leave, purchase, request)
            if not isinstance(ended, ProviderError):
                return ended
            purchase = await self._write_down(entry, bought, ended, tries_made)
            if isinstance(ended, Unfit):
                corrected = _corrected(request, ended) if may_buy else None
                if corrected is None:
                    break
                request = corrected
                continue
            pause_seconds = await self._pause_seconds(entry, key, ended, tries_made)
            if pause_seconds is None or (purchase is None and not may_buy):
                await self._give_up(purchase)
                break
            await asyncio.sleep(pause_seconds)
        return NotDelivered()

    async def _try_once(
        self, entry: ChainEntry[Q, R], key: ApiKey, leave: _Leave, purchase: _Purchase | None, request: Q
    ) -> tuple[_Purchase, R | ProviderError]:
        """One call, recorded before it is made; permit and reserve are handed back whatever happens."""
        verdict = Verdict.NEUTRAL
        cost_microusd: int | None = 0
        try:
            if purchase is None:
                attempt_id = await self._log.begin(self._capability, entry.provider, entry.model)
                purchase = _Purchase(attempt_id, key)
            cost_microusd = None
            try:
                result = await self._call(entry, purchase, request)
            except ProviderError as error:
                cost_microusd = _known_cost(error)
                verdict = await self._judge(entry, key, error)
                return purchase, error
            verdict, cost_microusd = Verdict.SUCCESS, result.cost_microusd
            return purchase, result
        finally:
            await entry.breaker.report(leave.permit, verdict)
            await entry.budget.settle(leave.reserve, cost_microusd)

    async def _key(self, entry: ChainEntry[Q, R]) -> ApiKey | None:
        """A key that may be used, after waiting for one where that is worth it."""
        picked = await entry.keys.pick()
        for _ in range(_KEY_WAITS_MAX):
            if isinstance(picked, ApiKey) or not self._worth_waiting(picked.seconds):
                break
            await asyncio.sleep(picked.seconds + _KEY_WAIT_SLACK_SECONDS)
            picked = await entry.keys.pick()
        if isinstance(picked, AllResting):
            self._skip(entry, "every key rests", picked.seconds)
            return None
        return picked

    async def _leave(self, entry: ChainEntry[Q, R], *, fetching: bool) -> _Leave | None:
        """Leave from budget and breaker. Fetching what is already paid needs none: waiting could only lose it."""
        if fetching:
            return _Leave(Permit(CircuitState.CLOSED, shared=True), Reserve())
        reserve = await entry.budget.reserve(entry.reserve_microusd)
        if isinstance(reserve, OverBudget):
            self._skip(entry, "budget of the day spent", reserve.seconds)
            return None
        permit = await entry.breaker.acquire()
        if isinstance(permit, Denied):
            await entry.budget.settle(reserve, 0)
            self._skip(entry, "circuit open", permit.retry_after_seconds)
            return None
        return _Leave(permit, reserve)

    async def _call(self, entry: ChainEntry[Q, R], purchase: _Purchase, request: Q) -> R:
        async def remember(external_id: str) -> None:
            await self._log.remember(purchase.attempt_id, external_id)
            purchase.external_id = external_id

        timeout_seconds = max(0.001, min(self._policy.call_timeout_seconds, self._deadline.remaining_seconds))
        call = ProviderCall(timeout_seconds, remember, self._progress, purchase.external_id)
        try:
            result = await watched_call(
                entry.invoke(request, model=entry.model, key=purchase.key.secret, call=call),
                capability=self._capability,
                provider=entry.provider,
                model=entry.model,
                timeout_seconds=timeout_seconds,
            )
        except asyncio.CancelledError:
            await self._note_cancelled(purchase)
            raise
        await self._log.finish(
            purchase.attempt_id,
            AttemptOutcome.OK,
            cost_microusd=result.cost_microusd,
            request_id=result.request_id,
            input_tokens=result.input_tokens,
            output_tokens=result.output_tokens,
        )
        return result

    async def _judge(self, entry: ChainEntry[Q, R], key: ApiKey, error: ProviderError) -> Verdict:
        """What the failure means for the circuit; a key that was turned down rests, the last one trips it."""
        if isinstance(error, Broken) and error.key_at_fault:
            await entry.keys.rest(key, self._policy.key_rest_seconds)
            if isinstance(await entry.keys.pick(), AllResting):
                return Verdict.TRIP
        return verdict_of(error)

    async def _write_down(
        self, entry: ChainEntry[Q, R], purchase: _Purchase, error: ProviderError, tries_made: int
    ) -> _Purchase | None:
        """Record the failure; returns the purchase where it is still good for another fetch.

        Raises:
            Refused: the error was one.
        """
        outcome = outcome_of(error)
        told = error.retry_after_seconds if isinstance(error, Throttled) else None
        self.failures.append(FailedAttempt(entry.provider, entry.model, f"{outcome}: {error.detail}", error, told))
        resumable = isinstance(error, Unavailable) and error.resumable_external_id is not None
        unknown_here = error.code == EXTERNAL_NOT_FOUND and purchase.other_keys_follow
        if not resumable and not unknown_here:
            await self._log.finish(
                purchase.attempt_id,
                outcome,
                error_code=error.code,
                cost_microusd=error.cost_microusd,
                request_id=error.request_id,
                input_tokens=error.input_tokens,
                output_tokens=error.output_tokens,
            )
        # "provider_broken" is the line the runbook of the alert asks for: somebody has to act.
        tell = _log.error if isinstance(error, Broken) else _log.warning
        tell(
            "provider_broken" if isinstance(error, Broken) else "provider_attempt_failed",
            provider=entry.provider,
            model=entry.model,
            outcome=outcome.value,
            code=error.code,
            detail=error.detail,
            request_id=error.request_id,
            key=purchase.key.fingerprint,
            tries_made=tries_made,
        )
        if isinstance(error, Refused):
            raise error
        return purchase if resumable else None

    async def _pause_seconds(
        self, entry: ChainEntry[Q, R], key: ApiKey, error: ProviderError, tries_made: int
    ) -> float | None:
        """How long to pause before the entry's next try; None to leave it for the next entry."""
        pause_seconds = self._policy.backoff_seconds(tries_made)
        if isinstance(error, Throttled):
            if error.retry_after_seconds is not None:
                pause_seconds = error.retry_after_seconds
            if not error.overloaded:
                await entry.keys.rest(key, pause_seconds)
                pause_seconds = 0.0  # another key may go at once; _key waits where there is none
        if isinstance(error, Broken) or tries_made >= self._policy.tries_max:
            return None
        if isinstance(error, Unavailable) and not self._may_repeat(entry, error):
            return None
        return pause_seconds if self._worth_waiting(pause_seconds) else None

    def _may_repeat(self, entry: ChainEntry[Q, R], error: Unavailable) -> bool:
        if error.resumable_external_id is not None:
            return True
        lost = error.billable_unknown or bool(error.cost_microusd)
        if lost:
            self._lost_purchases[entry.name] += 1
        return error.repeatable and not (lost and self._lost_purchases[entry.name] > self._policy.lost_repeats_max)

    async def _give_up(self, purchase: _Purchase | None) -> None:
        """Close the book on work that was bought and could not be fetched in time."""
        if purchase is not None:
            await self._log.finish(purchase.attempt_id, AttemptOutcome.TIMEOUT, error_code="not_fetched")

    async def _note_cancelled(self, purchase: _Purchase) -> None:
        try:
            async with asyncio.timeout(_CLOSE_BOOK_SECONDS):
                await self._log.finish(purchase.attempt_id, AttemptOutcome.CANCELLED)
        except Exception as error:  # noqa: BLE001 - nothing may take the cancellation's place
            _log.warning("provider_attempt_left_open", attempt_id=purchase.attempt_id, error=repr(error))

    def _last_was_unknown_id(self) -> bool:
        last = self.failures[-1].error if self.failures else None
        return last is not None and last.code == EXTERNAL_NOT_FOUND

    def _worth_waiting(self, seconds: float) -> bool:
        return seconds <= self._policy.wait_max_seconds and seconds < self._deadline.remaining_seconds

    def _skip(self, entry: ChainEntry[Q, R], reason: str, retry_after_seconds: float) -> None:
        _log.info("provider_skipped", provider=entry.provider, model=entry.model, reason=reason)
        self.failures.append(
            FailedAttempt(entry.provider, entry.model, reason, retry_after_seconds=retry_after_seconds)
        )


def _corrected(request: Q, error: Unfit) -> Q | None:
    """The request with the unfit answer said back, where that may help."""
    if not isinstance(request, Correctable):
        return None
    return request.corrected(error.answer, error.faults)


def _known_cost(error: ProviderError) -> int | None:
    """What a failed call cost; None where it may have cost something and nobody knows."""
    if error.cost_microusd is None and isinstance(error, Unavailable) and error.billable_unknown:
        return None
    return error.cost_microusd or 0
