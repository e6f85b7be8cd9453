"""Owns headers that a part of the application adds to whatever answer there will be, a problem document among them."""

from collections.abc import Mapping
from contextvars import ContextVar

noted_headers: ContextVar[dict[str, str] | None] = ContextVar("noted_headers", default=None)
"""Those of the request that is being served; the edge sets it and writes them."""


def note_headers(headers: Mapping[str, str]) -> None:
    """Add headers to the answer of this request; a name noted twice has the later value. Names in lower case."""
    noted = noted_headers.get()
    if noted is not None:  # there is none where no request is being served
        noted.update(headers)
