"""Everything that can go wrong at a provider, reduced to the errors the router knows how to treat.

ProviderError
├── Refused       the user's input: no retry, no failover, credits back
├── Throttled     come back later: retry when told, else fail over
├── Unavailable   can pass: retry a few times, then fail over
├── Unfit         answered, but not what was asked for: said back once, then fail over
└── Broken        ours (configuration, quota, authentication): alert, fail over, no retry

AllProvidersFailed   the router's verdict when no entry of a chain delivered
ConfigurationError   a setting that cannot work, named at start
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

MODERATION_BLOCKED = "moderation_blocked"
"""Refusal code: the vendor's safety system declined the request or its result."""

MODERATION_DETAIL = "The safety system declined this request. Change the description and try again."
"""Words for the user; vendors' own messages carry request ids that do not belong in front of one."""

EXTERNAL_NOT_FOUND = "external_not_found"
"""Code of an :class:`Unavailable`: the vendor does not know the id that should have been adopted."""


class ConfigurationError(ValueError):
    """A setting is missing or odd; the message names it and says what would do."""


class ProviderError(Exception):
    """One call to one provider failed.

    Attributes:
        detail: what happened, for operators.
        code: short stable word, the vendor's where it has one.
        cost_microusd: what the failed call is known to have cost, None where unknown or nothing.
        input_tokens: tokens the failed call is known to have read.
        output_tokens: tokens it is known to have made.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None

    def __init__(
        self,
        detail: str,
        *,
        provider: str,
        model: str,
        request_id: str | None = None,
        code: str | None = None,
        cost_microusd: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.provider = provider
        self.model = model
        self.request_id = request_id
        self.code = code
        self.cost_microusd = cost_microusd

    def counting(self, input_tokens: int | None, output_tokens: int | None) -> Self:
        """The same error, with the tokens the call is known to have taken."""
        self.input_tokens, self.output_tokens = input_tokens, output_tokens
        return self

    def __str__(self) -> str:
        code = f" [{self.code}]" if self.code else ""
        return f"{self.provider}/{self.model}: {self.detail}{code}"


class Refused(ProviderError):
    """The provider will not do this for this input; ``code`` and ``detail`` may be shown to the user."""

    code: str

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        provider: str,
        model: str,
        request_id: str | None = None,
        cost_microusd: int | None = None,
    ) -> None:
        super().__init__(
            detail,
            provider=provider,
            model=model,
            request_id=request_id,
            code=code,
            cost_microusd=cost_microusd,
        )


class Throttled(ProviderError):
    """Too much, too soon.

    Attributes:
        retry_after_seconds: how long we were told to stay away; None where nothing was said.
        until: the same as an absolute moment (UTC), for shared or stored state.
        overloaded: the provider itself is short of capacity (503), not just this key (429).
    """

    def __init__(
        self,
        detail: str,
        *,
        provider: str,
        model: str,
        request_id: str | None = None,
        code: str | None = None,
        retry_after_seconds: float | None = None,
        overloaded: bool = False,
    ) -> None:
        super().__init__(detail, provider=provider, model=model, request_id=request_id, code=code)
        self.retry_after_seconds = retry_after_seconds
        self.overloaded = overloaded
        self.until: datetime | None = None
        if retry_after_seconds is not None:
            self.until = datetime.now(UTC) + timedelta(seconds=retry_after_seconds)


class Unavailable(ProviderError):
    """The provider did not deliver, and a later call may.

    Attributes:
        billable_unknown: the call may have been carried out and charged although no answer came.
        repeatable: False where buying again could pay twice and nothing is gained by trying.
        resumable_external_id: the purchase can still be picked up under this id, without buying again.
    """

    def __init__(
        self,
        detail: str,
        *,
        provider: str,
        model: str,
        request_id: str | None = None,
        code: str | None = None,
        cost_microusd: int | None = None,
        billable_unknown: bool = False,
        repeatable: bool = True,
        resumable_external_id: str | None = None,
    ) -> None:
        super().__init__(
            detail,
            provider=provider,
            model=model,
            request_id=request_id,
            code=code,
            cost_microusd=cost_microusd,
        )
        self.billable_unknown = billable_unknown
        self.repeatable = repeatable
        self.resumable_external_id = resumable_external_id


class Unfit(ProviderError):
    """The model answered and was paid, and its answer is not what was asked for.

    Attributes:
        answer: what it said, at most as much as is worth saying back.
        faults: what is wrong with it, in words for the model.
    """

    def __init__(
        self,
        detail: str,
        *,
        provider: str,
        model: str,
        answer: str,
        faults: str,
        code: str,
        request_id: str | None = None,
        cost_microusd: int | None = None,
    ) -> None:
        super().__init__(
            detail,
            provider=provider,
            model=model,
            request_id=request_id,
            code=code,
            cost_microusd=cost_microusd,
        )
        self.answer = answer
        self.faults = faults


class Broken(ProviderError):
    """Our configuration, quota or credentials do not work there; somebody has to act.

    Attributes:
        key_at_fault: the API key (its validity, quota or rights) is the reason, another key may work.
    """

    def __init__(
        self,
        detail: str,
        *,
        provider: str,
        model: str,
        request_id: str | None = None,
        code: str | None = None,
        key_at_fault: bool = False,
    ) -> None:
        super().__init__(detail, provider=provider, model=model, request_id=request_id, code=code)
        self.key_at_fault = key_at_fault


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """Why one entry, at one try, did not deliver; ``error`` is None where no call was made."""

    provider: str
    model: str
    reason: str
    error: ProviderError | None = None
    retry_after_seconds: float | None = None


class AllProvidersFailed(Exception):
    """No entry of the chain delivered; ``attempts`` tells each one's reason in order."""

    def __init__(self, capability: str, attempts: Sequence[FailedAttempt]) -> None:
        self.capability = capability
        self.attempts = tuple(attempts)
        reasons = "; ".join(f"{a.provider}/{a.model}: {a.reason}" for a in self.attempts)
        super().__init__(f"no provider delivered {capability}: {reasons or 'nothing was tried'}")

    @property
    def retry_after_seconds(self) -> float | None:
        """The soonest moment, in seconds, at which some entry said it may work again."""
        known = [a.retry_after_seconds for a in self.attempts if a.retry_after_seconds is not None]
        return min(known, default=None)
