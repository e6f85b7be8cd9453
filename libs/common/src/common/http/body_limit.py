"""Owns how long a request body may be, whether its length is declared or it comes in chunks."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

BODY_BYTES_DEFAULT_MAX = 1024 * 1024


class BodyLimits:
    """The longest body each path takes.

    Args:
        default_bytes_max: for all paths without one of their own.
        by_prefix: longer (or shorter) limits by path prefix; the longest prefix wins.
    """

    def __init__(
        self, default_bytes_max: int = BODY_BYTES_DEFAULT_MAX, by_prefix: Mapping[str, int] | None = None
    ) -> None:
        self._default = default_bytes_max
        self._by_prefix = sorted((by_prefix or {}).items(), key=lambda item: -len(item[0]))

    def of(self, path: str) -> int:
        """The limit of a path in bytes."""
        for prefix, limit in self._by_prefix:
            if path.startswith(prefix):
                return limit
        return self._default


def limited(receive: Receive, bytes_max: int) -> Receive:
    """A `receive` that stops a body of undeclared length once it is longer than `bytes_max`.

    Raises:
        HTTPException: 413, from within the read; FastAPI turns any other exception there into a 400.
    """
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        if message["type"] == "http.request":
            total += len(message.get("body", b""))
            if total > bytes_max:
                raise HTTPException(413, "The request body is too large.")
        return message

    return counted
