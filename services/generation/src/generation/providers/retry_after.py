"""How long a vendor asks us to stay away, read from headers and bodies in all the ways they say it."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_RESETS_IN = re.compile(r"resets? in ~?\s*(\d+(?:\.\d+)?)\s*(ms|s|m)\b", re.IGNORECASE)
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)s$")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def from_headers(headers: Mapping[str, str]) -> float | None:
    """Seconds from ``retry-after-ms`` or ``Retry-After`` (seconds or HTTP-date, RFC 9110 §10.2.3)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def from_sentence(text: str) -> float | None:
    """Seconds from Replicate's ``"... Your rate limit resets in ~30s."``; its header may be missing."""
    match = _RESETS_IN.search(text)
    return float(match[1]) * _UNIT_SECONDS[match[2].lower()] if match else None


def from_google_details(error: object) -> float | None:
    """Seconds from Gemini's ``error.details[].retryDelay`` (``"17s"``)."""
    details = error.get("details") if isinstance(error, dict) else None
    for entry in details if isinstance(details, list) else []:
        delay = entry.get("retryDelay") if isinstance(entry, dict) else None
        match = _DURATION.match(delay) if isinstance(delay, str) else None
        if match:
            return float(match[1])
    return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) and number >= 0 else None
