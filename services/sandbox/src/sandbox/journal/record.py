"""What one request to a vendor looked like, and the bounded list of them."""

import hashlib
import itertools
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

_HEADERS_KEPT = (
    "accept",
    "cancel-after",
    "content-type",
    "idempotency-key",
    "prefer",
    "stripe-version",
    "traceparent",
    "user-agent",
    "x-client-request-id",
)


@dataclass(slots=True)
class RequestRecord:
    """One request: who was asked for what, and what was answered (`status` None: the socket was closed)."""

    id: int
    at: datetime
    vendor: str
    operation: str
    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    authorization: dict[str, str] | None = None
    body: Any = None
    body_bytes: int = 0
    status: int | None = None
    duration_ms: float = 0.0
    fault_id: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The record as the API shows it."""
        return {**asdict(self), "at": self.at.isoformat()}


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The few headers worth keeping; never a credential."""
    return {name: headers[name][:300] for name in _HEADERS_KEPT if name in headers}


def credential_of(headers: Mapping[str, str]) -> dict[str, str] | None:
    """The scheme and a fingerprint of the `Authorization` header: keys can be told apart, not read."""
    value = headers.get("authorization")
    if not value:
        return None
    scheme, _, secret = value.partition(" ")
    return {"scheme": scheme, "fingerprint": hashlib.sha256(secret.encode()).hexdigest()[:12]}


class Journal:
    """The last `kept_max` requests, oldest first."""

    def __init__(self, kept_max: int) -> None:
        self._records: deque[RequestRecord] = deque(maxlen=kept_max)
        self._numbers = itertools.count(1)

    def begin(self, vendor: str, operation: str, method: str, path: str) -> RequestRecord:
        """A new record, filed at once so that even a request that never ends is counted."""
        record = RequestRecord(next(self._numbers), datetime.now(UTC), vendor, operation, method, path)
        self._records.append(record)
        return record

    def find(self, vendor: str | None = None, operation: str | None = None) -> list[RequestRecord]:
        """The records of a vendor and operation, oldest first; None matches all."""
        return [
            record
            for record in self._records
            if vendor in (None, record.vendor) and operation in (None, record.operation)
        ]

    def clear(self) -> None:
        """Forgets all; numbers go on."""
        self._records.clear()
