"""What Cloudinary answers, sorted into our errors; the same for uploads, deliveries and what is derived."""

from collections.abc import Mapping
from typing import Any

import httpx2

from generation.providers import retry_after
from generation.providers.errors import Broken, ProviderError, Throttled, Unavailable

STILL_WORKING = 423
COME_BACK = (420, 429)
_OURS = (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN)


def failure(response: httpx2.Response, model: str, what: str, body: Mapping[str, Any] | None = None) -> ProviderError:
    """The error of an answer that is no success."""
    status = response.status_code
    error = (body or {}).get("error")
    said = error.get("message") if isinstance(error, dict) else response.headers.get("x-cld-error", "")
    detail = f"{what}: HTTP {status} {said or ''}"[:500]
    request_id = response.headers.get("x-request-id")
    if status in (*COME_BACK, STILL_WORKING):
        return Throttled(
            detail,
            provider="cloudinary",
            model=model,
            request_id=request_id,
            code=str(status),
            retry_after_seconds=retry_after.from_headers(response.headers),
        )
    if status >= 500 or status == httpx2.codes.REQUEST_TIMEOUT:
        return Unavailable(detail, provider="cloudinary", model=model, request_id=request_id)
    return Broken(
        detail,
        provider="cloudinary",
        model=model,
        request_id=request_id,
        code=str(status),
        key_at_fault=status in _OURS,
    )
