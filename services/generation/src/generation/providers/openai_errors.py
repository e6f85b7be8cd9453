"""What OpenAI's SDK raises, sorted into our errors."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2
import openai

from generation.providers import retry_after
from generation.providers.errors import (
    MODERATION_BLOCKED,
    MODERATION_DETAIL,
    Broken,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
)
from generation.providers.http_client import was_never_sent

QUOTA_CODES = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    }
)
MODERATION_CODES = frozenset(
    {
        "moderation_blocked",
        "content_policy_violation",
        "image_content_policy_violation",
        "invalid_prompt",
        "bio_policy",
        "misalignment_policy_violation",
    }
)
"""``invalid_prompt`` is what the Responses API calls a prompt that was flagged, not one that is malformed."""
MODERATION_TYPES = frozenset({"image_generation_user_error"})
"""Counts where no code is given: a parameter the model does not take has this type too, with ``invalid_value``."""
OVERLOAD_CODES = frozenset({"server_is_overloaded", "slow_down"})
RATE_LIMIT_CODES = frozenset({"rate_limit_exceeded"})


@asynccontextmanager
async def as_provider_errors(*, provider: str, model: str, timeout_seconds: float) -> AsyncIterator[None]:
    """The total deadline of one call, and our errors in place of the SDK's.

    Raises:
        ProviderError: whatever the SDK raised, sorted; Unavailable where the deadline passed.
    """
    deadline = asyncio.timeout(timeout_seconds)
    try:
        async with deadline:
            yield
    except openai.OpenAIError as error:
        raise classify(error, provider=provider, model=model) from error
    except TimeoutError as error:
        if not deadline.expired():
            raise
        raise Unavailable(
            f"no answer within {timeout_seconds:.1f} s",
            provider=provider,
            model=model,
            code="timeout",
            billable_unknown=True,
        ) from error
    except json.JSONDecodeError as error:
        raise Unavailable(f"answer is not JSON: {error}", provider=provider, model=model, code="malformed") from error
    except httpx2.HTTPError as error:  # a stream that breaks off is not wrapped by the SDK
        raise Unavailable(
            f"stream broke off: {error!r}", provider=provider, model=model, code="truncated", billable_unknown=True
        ) from error


def classify(error: openai.OpenAIError, *, provider: str, model: str) -> ProviderError:
    """The error the router treats rightly for what the SDK raised."""
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, provider, model)
    if isinstance(error, openai.APIConnectionError):
        return Unavailable(
            f"{type(error).__name__}: {error.__cause__!r}",
            provider=provider,
            model=model,
            code="timeout" if isinstance(error, openai.APITimeoutError) else "connection",
            billable_unknown=not was_never_sent(error.__cause__),
        )
    code, kind = (error.code, error.type) if isinstance(error, openai.APIError) else (None, None)
    if _was_moderated(code, kind):
        return Refused(MODERATION_BLOCKED, MODERATION_DETAIL, provider=provider, model=model)
    detail = f"{type(error).__name__}: {error}"[:500]
    return of_words(code, kind, detail, provider=provider, model=model) or Unavailable(
        detail, provider=provider, model=model, code=code, billable_unknown=True
    )


def of_words(
    code: str | None, kind: str | None, detail: str, *, provider: str, model: str, request_id: str | None = None
) -> Broken | Throttled | None:
    """The error of a quota or a limit that is told by its code alone, after a status of 200; None for others.

    A stream and a failed response tell it so; no header says for how long.
    """
    if code in QUOTA_CODES or kind in QUOTA_CODES:
        return _broken(detail, provider, model, request_id, code or kind, key_at_fault=True)
    if code in RATE_LIMIT_CODES | OVERLOAD_CODES:
        overloaded = code in OVERLOAD_CODES
        return Throttled(
            detail, provider=provider, model=model, request_id=request_id, code=code, overloaded=overloaded
        )
    return None


def _was_moderated(code: str | None, kind: str | None) -> bool:
    return code in MODERATION_CODES or (code is None and kind in MODERATION_TYPES)


def _of_status(error: openai.APIStatusError, provider: str, model: str) -> ProviderError:
    body = _body(error)
    code = error.code or _text(body.get("code")) or _text(body.get("status"))
    kind = error.type or _text(body.get("type"))
    detail = f"HTTP {error.status_code}: {_text(body.get('message')) or type(error).__name__}"[:500]
    request_id = error.request_id
    match error.status_code:
        case _ if _was_moderated(code, kind):
            return Refused(MODERATION_BLOCKED, MODERATION_DETAIL, provider=provider, model=model, request_id=request_id)
        case 401 | 403:
            return _broken(detail, provider, model, request_id, code or "unauthorized", key_at_fault=True)
        case 429 if code in QUOTA_CODES or kind in QUOTA_CODES:
            return _broken(detail, provider, model, request_id, code or kind, key_at_fault=True)
        case 429:
            return _throttled(error, body, detail, provider, model, code, overloaded=False)
        case 503 if code in OVERLOAD_CODES or "retry-after" in error.response.headers:
            return _throttled(error, body, detail, provider, model, code, overloaded=True)
        case status if status in (408, 409) or status >= 500:
            return Unavailable(detail, provider=provider, model=model, request_id=request_id, code=code or str(status))
        case status:
            return _broken(detail, provider, model, request_id, code or str(status), key_at_fault=False)


def _throttled(
    error: openai.APIStatusError,
    body: Mapping[str, object],
    detail: str,
    provider: str,
    model: str,
    code: str | None,
    *,
    overloaded: bool,
) -> Throttled:
    told = retry_after.from_headers(error.response.headers)
    if told is None:
        told = retry_after.from_google_details(body)
    return Throttled(
        detail,
        provider=provider,
        model=model,
        request_id=error.request_id,
        code=code,
        retry_after_seconds=told,
        overloaded=overloaded,
    )


def _broken(
    detail: str, provider: str, model: str, request_id: str | None, code: str | None, *, key_at_fault: bool
) -> Broken:
    return Broken(detail, provider=provider, model=model, request_id=request_id, code=code, key_at_fault=key_at_fault)


def _body(error: openai.APIStatusError) -> dict[str, object]:
    """The error object of the answer; Gemini wraps it in a list, which the SDK leaves as it is."""
    body = error.body
    if isinstance(body, list) and body and isinstance(body[0], dict):
        inner = body[0].get("error", body[0])
        return inner if isinstance(inner, dict) else {}
    return body if isinstance(body, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def request_id_of(response: httpx2.Response) -> str | None:
    """OpenAI's own id of the call, to quote in a support request."""
    return response.headers.get("x-request-id")
