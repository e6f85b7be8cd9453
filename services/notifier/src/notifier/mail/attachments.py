"""Brings the file that goes along with a mail, one at a time: it is megabytes, and there may be many mails.

A mail never waits for its file: where it cannot be brought the mail goes without, for it has the link.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType

import structlog
from prometheus_client import Counter

from common.http.outbound import GuardedFetcher, OutboundError
from notifier.mail.storage import Delivery

log = structlog.get_logger(__name__)

FETCH_SECONDS_MAX = 15.0
SUFFIXES: Mapping[str, str] = MappingProxyType({"application/pdf": "pdf"})
"""Media types that are attached, and how their files are called."""

_attachments = Counter("mail_attachments_total", "Files that were to go along with a mail", ["outcome"])


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file and how it is called."""

    name: str
    media_type: str
    content: bytes


class Attachments:
    """Fetches what deliveries name in `context["file"]`: `url`, `media_type`, `size_bytes`, `name`.

    Args:
        bytes_max: a longer file is not attached; 0 for none at all.
    """

    def __init__(self, fetcher: GuardedFetcher, bytes_max: int) -> None:
        self._fetcher = fetcher
        self._bytes_max = bytes_max
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def of(self, delivery: Delivery) -> AsyncIterator[Attachment | None]:
        """The file of a mail for as long as the mail is being sent; nothing where there is none to attach."""
        file = delivery.context.get("file")
        if file is None or file["media_type"] not in SUFFIXES:
            yield None
        elif file["size_bytes"] > self._bytes_max:
            _attachments.labels("too_large").inc()
            yield None
        else:
            async with self._one_at_a_time:
                yield await self._fetched(delivery, file)

    async def _fetched(self, delivery: Delivery, file: Mapping[str, str]) -> Attachment | None:
        try:
            fetched = await self._fetcher.get(file["url"], max_bytes=self._bytes_max, deadline=FETCH_SECONDS_MAX)
        except (OutboundError, TimeoutError, OSError) as error:
            log.warning("mail_goes_without_its_file", delivery_id=str(delivery.delivery_id), error=repr(error)[:200])
            _attachments.labels("failed").inc()
            return None
        _attachments.labels("attached").inc()
        media_type = file["media_type"]
        return Attachment(f"{file['name']}.{SUFFIXES[media_type]}", media_type, fetched.content)
