"""One call to one provider, watched: outer deadline, span, metrics, and what an error says about health."""

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from common.telemetry.tracing import tracer
from generation.providers.circuit import Verdict
from generation.providers.errors import (
    EXTERNAL_NOT_FOUND,
    Broken,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
    Unfit,
)
from generation.providers.metrics import PROVIDER_COST, PROVIDER_LATENCY, PROVIDER_REQUESTS
from generation.providers.ports import AttemptOutcome, ProviderResult

GRACE_SECONDS = 10.0
"""What an adapter gets beyond its deadline to tidy up (cancel a prediction) before it is cut off."""

R = TypeVar("R", bound=ProviderResult)


async def watched_call(call: Awaitable[R], *, capability: str, provider: str, model: str, timeout_seconds: float) -> R:
    """Await ``call`` under a CLIENT span named ``image.make openai/gpt-…`` and count how it ended.

    The adapter keeps its own deadline; this one only bounds an adapter that does not.

    Raises:
        ProviderError: the call's own, or Unavailable where the adapter overran.
    """
    started = time.monotonic()
    outcome = AttemptOutcome.CANCELLED
    with tracer().start_as_current_span(
        f"{capability} {provider}/{model}",
        kind=SpanKind.CLIENT,
        attributes={
            "gen_ai.operation.name": capability,
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
        },
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            result = await _bounded(call, provider, model, timeout_seconds + GRACE_SECONDS)
        except ProviderError as error:
            outcome = outcome_of(error)
            _tell_failure(span, error, outcome)
            _count_cost(capability, provider, error.cost_microusd)
            raise
        else:
            outcome = AttemptOutcome.OK
            _tell_success(span, result)
            _count_cost(capability, provider, result.cost_microusd)
            return result
        finally:
            PROVIDER_LATENCY.labels(provider, capability).observe(time.monotonic() - started)
            PROVIDER_REQUESTS.labels(provider, capability, outcome.value).inc()


async def _bounded(call: Awaitable[R], provider: str, model: str, seconds: float) -> R:
    deadline = asyncio.timeout(seconds)
    try:
        async with deadline:
            return await call
    except TimeoutError as error:
        if not deadline.expired():
            raise
        raise Unavailable(
            f"no answer within {seconds:.0f} s", provider=provider, model=model, billable_unknown=True
        ) from error


def outcome_of(error: ProviderError) -> AttemptOutcome:
    """The word under which an error is recorded and counted."""
    if isinstance(error, Refused):
        return AttemptOutcome.REFUSED
    if isinstance(error, Throttled):
        return AttemptOutcome.RATE_LIMITED
    if isinstance(error, Broken):
        return AttemptOutcome.BROKEN
    if isinstance(error, Unfit):
        return AttemptOutcome.UNFIT
    if isinstance(error, Unavailable) and error.billable_unknown:
        return AttemptOutcome.TIMEOUT
    return AttemptOutcome.UNAVAILABLE


def verdict_of(error: ProviderError) -> Verdict:
    """What an error says about the provider's health: only transient errors count against it.

    An unfit answer does not: a picture made for the purpose could otherwise shut a provider for everybody.
    """
    if error.code == EXTERNAL_NOT_FOUND:
        return Verdict.NEUTRAL
    if isinstance(error, Unavailable) or (isinstance(error, Throttled) and error.overloaded):
        return Verdict.FAILURE
    return Verdict.NEUTRAL


def _tell_failure(span: Span, error: ProviderError, outcome: AttemptOutcome) -> None:
    span.set_status(Status(StatusCode.ERROR, outcome.value))
    span.set_attribute("error.type", error.code or outcome.value)
    if error.request_id:
        span.set_attribute("gen_ai.response.id", error.request_id)


def _tell_success(span: Span, result: ProviderResult) -> None:
    span.set_attribute("atelier.cost_microusd", result.cost_microusd)
    if result.request_id:
        span.set_attribute("gen_ai.response.id", result.request_id)
    if result.input_tokens is not None:
        span.set_attribute("gen_ai.usage.input_tokens", result.input_tokens)
    if result.output_tokens is not None:
        span.set_attribute("gen_ai.usage.output_tokens", result.output_tokens)


def _count_cost(capability: str, provider: str, cost_microusd: int | None) -> None:
    if cost_microusd:
        PROVIDER_COST.labels(provider, capability).inc(cost_microusd)
