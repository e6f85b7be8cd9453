"""Turns the bytes of a submission into a valid, priced `Submission`."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.clock import now
from common.db.outbox_record import OutboxRecord
from common.errors import ValidationFailed
from common.events.jobs import JobSpec, JobSubmitted
from common.http.identity import Caller
from common.ids import new_id
from common.telemetry.tracing import traceparent
from gateway.jobs.provider_choice import ProviderChoice
from gateway.jobs.submission import PartRate, Submission
from gateway.kinds.catalogue import OfferedKind
from gateway.plans.limits import PlanLimits
from gateway.quotes.rules import Quote

DEPTH_MAX = 32
KEY_LENGTH_MAX = 255


@dataclass(frozen=True, slots=True)
class PricedInput:
    """An input that fits its kind, and today's price for it. `request_hash` stands for kind and input."""

    text: str
    request_hash: bytes
    price_credits: int


def read_input(body: bytes) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        ValidationFailed: it is no JSON object, nests deeper than `DEPTH_MAX`, or holds text that cannot be stored.
    """
    try:
        value = json.loads(body, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise _invalid("The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise _invalid("The body must be a JSON object.")
    _check(value, DEPTH_MAX)
    return value


def read_idempotency_key(headers: Mapping[str, str]) -> str | None:
    """The `Idempotency-Key` header, if there is one.

    Raises:
        ValidationFailed: it is empty, longer than 255 characters, or not printable ASCII.
    """
    key = headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= KEY_LENGTH_MAX or not (key.isascii() and key.isprintable()):
        raise ValidationFailed(
            [
                {
                    "pointer": "/headers/Idempotency-Key",
                    "detail": f"must be 1 to {KEY_LENGTH_MAX} printable ASCII characters",
                    "code": "invalid",
                }
            ]
        )
    return key


def canonical(job_input: dict[str, Any]) -> str:
    """The one text of an input, whatever order its members came in."""
    return json.dumps(job_input, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def price_input(kind: OfferedKind, job_input: dict[str, Any]) -> PricedInput:
    """The input in its one canonical form, with its price.

    Raises:
        ValidationFailed: the input does not fit the kind.
    """
    kind.check(job_input)
    text = canonical(job_input)
    return PricedInput(text, hashlib.sha256(f"{kind.name}\n{text}".encode()).digest(), kind.price.price_of(job_input))


def read_submission(
    caller: Caller,
    kind: OfferedKind,
    limits: PlanLimits,
    job_input: dict[str, Any],
    idempotency_key: str | None,
    quote: Quote | None = None,
    choice: ProviderChoice = ProviderChoice(),  # noqa: B008 - frozen
) -> Submission:
    """A submission of this caller. Its price is fixed here for good: a quote can lower it, nothing raises it.

    Quote and choice are no part of the request hash: the same key with the same input is the same request, whatever
    came with it.

    Raises:
        ValidationFailed: the input does not fit the kind.
        QuoteInvalid: the quote does not bind this submission.
    """
    priced = price_input(kind, job_input)
    created_at, job_id, price_credits = now(), new_id(), priced.price_credits
    if quote is not None:
        price_credits = quote.bind(caller.account_id, priced.request_hash, price_credits, created_at)
    spec = JobSpec(
        job_id=job_id,
        kind=kind.name,
        job_class=kind.job_class,
        price_credits=price_credits,
        input=job_input,
        plan=limits.plan,
        weight=limits.weight,
        deadline_at=created_at + kind.deadline,
        on_provider_down=choice.on_provider_down,
        provider_wait_seconds=choice.wait_seconds,
    )
    trace = traceparent()
    event = JobSubmitted(account_id=caller.account_id, job=spec, occurred_at=created_at)
    return Submission(
        job_id=job_id,
        account_id=caller.account_id,
        kind=kind,
        limits=limits,
        price_credits=price_credits,
        input_text=priced.text,
        idempotency_key=idempotency_key,
        request_hash=priced.request_hash,
        created_at=created_at,
        deadline_at=spec.deadline_at,
        traceparent=trace,
        record=OutboxRecord.of(event, trace),
        rates=_part_rates(caller, limits) if limits.has_parts else (),
    )


def _part_rates(caller: Caller, limits: PlanLimits) -> tuple[PartRate, ...]:
    """What of the account's rate the caller's user and key may use, where it is less."""
    parts = (
        ("user", caller.user_id, limits.submissions_per_user),
        ("key", caller.key_id, limits.submissions_per_key),
    )
    return tuple(
        PartRate(subject, f"{subject}:{part_id.hex}", per_minute)
        for subject, part_id, per_minute in parts
        if part_id is not None and per_minute is not None and per_minute < limits.submissions_per_minute
    )


def _check(value: Any, left: int) -> None:
    if isinstance(value, str):
        _check_text(value)
        return
    if not isinstance(value, dict | list):
        return
    if left == 0:
        raise _invalid(f"The body nests deeper than {DEPTH_MAX}.")
    for child in value.values() if isinstance(value, dict) else value:
        _check(child, left - 1)
    for name in value if isinstance(value, dict) else ():
        _check_text(name)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _invalid("The body holds a NUL character.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _invalid("The body holds half of a surrogate pair.") from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large")
    return number


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _invalid(detail: str) -> ValidationFailed:
    return ValidationFailed([{"pointer": "/body", "detail": detail, "code": "invalid"}])
