"""Stripe's idempotency of API v1: the first answer under a key is the answer, whoever asks again.

Only an endpoint that began to execute stores its answer (docs.stripe.com/api/idempotent_requests), a declined
card (402) too; a request refused for its parameters stores nothing.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from sandbox.vendors.stripe.errors import StripeError

_KEYS_MAX = 5_000


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was answered first, and the request it belonged to."""

    fingerprint: str
    body: dict[str, Any]
    request_id: str
    status: int


class IdempotencyKeys:
    """The stored answers by API key and idempotency key, oldest dropped; `begin` holds a key under way."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str], StoredAnswer] = OrderedDict()
        self._under_way: dict[tuple[str, str], str] = {}

    def begin(self, account: str, key: str, path: str, body: bytes) -> StoredAnswer | None:
        """The stored answer of an earlier equal request; None when this one shall be executed.

        Raises:
            StripeError: 400, the key came with other parameters; 409, the first request is still running.
        """
        fingerprint = _fingerprint(path, body)
        name = (account, key)
        stored = self._answers.get(name)
        first = stored.fingerprint if stored else self._under_way.get(name)
        if first is not None and first != fingerprint:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first "
                f"used with. Try using a key other than '{key}' if you meant to execute a different request."
            )
            raise StripeError(400, message, kind="idempotency_error")
        if stored is None and first is not None:
            message = f"There is currently another in-progress request using this Idempotency Key ({key})."
            raise StripeError(409, message, kind="idempotency_error", code="idempotency_key_in_use")
        if stored is None:
            self._under_way[name] = fingerprint
        return stored

    def keep(self, account: str, key: str, answer: StoredAnswer) -> None:
        """Stores the answer of an executed request."""
        self._answers[(account, key)] = answer
        while len(self._answers) > _KEYS_MAX:
            self._answers.popitem(last=False)

    def end(self, account: str, key: str) -> None:
        """The request holding the key is over, whatever came of it."""
        self._under_way.pop((account, key), None)

    def clear(self) -> None:
        """Forgets every key."""
        self._answers.clear()


def _fingerprint(path: str, body: bytes) -> str:
    return hashlib.sha256(path.encode() + b"\0" + body).hexdigest()


def answer_for(path: str, body: bytes, answer: dict[str, Any], request_id: str, status: int = 200) -> StoredAnswer:
    """What to store for an executed request."""
    return StoredAnswer(_fingerprint(path, body), answer, request_id, status)
