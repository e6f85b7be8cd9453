"""Owns the export of a user's data: one JSON document, written as it is read, a page in memory at a time."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from common import clock
from common.db.database import Database
from common.errors import Unauthorized
from common.ids import to_text
from gateway.users import export_storage
from gateway.users.rules import Profile
from gateway.users.storage import find_profile
from gateway.users.views import ProfileView

FORMAT = "atelier-export/1"
PAGE_ROWS = 50
JOB_PAGE_ROWS = 10  # a job may hold hundreds of kilobytes
_START = UUID(int=0)

FetchPage = Callable[[UUID, int], Awaitable[Sequence[Row[Any]]]]


class Export:
    """The use case of `GET /v1/me/export`.

    Args:
        public_url: the base of the links to what other services keep.
    """

    def __init__(self, database: Database, public_url: str) -> None:
        self._database = database
        self._public_url = public_url.rstrip("/")

    async def open(self, user_id: UUID) -> AsyncIterator[bytes]:
        """The document, in pieces. What is not there yet when a page is read is not in it.

        Raises:
            Unauthorized: the token outlived its user.
        """
        async with self._database.autocommit() as connection:
            profile = await find_profile(connection, user_id)
        if profile is None:
            raise Unauthorized
        return self._write(profile)

    async def _write(self, profile: Profile) -> AsyncIterator[bytes]:
        user_id, account_id, database = profile.user.user_id, profile.account.account_id, self._database

        async def sessions(after: UUID, limit: int) -> Sequence[Row[Any]]:
            return await export_storage.session_page(database, user_id, after, limit)

        async def keys(after: UUID, limit: int) -> Sequence[Row[Any]]:
            return await export_storage.key_page(database, account_id, after, limit)

        async def jobs(after: UUID, limit: int) -> Sequence[Row[Any]]:
            return await export_storage.job_page(database, account_id, after, limit)

        yield self._head(profile)
        for name, prefix, fetch, rows in (
            ("sessions", "ses", sessions, PAGE_ROWS),
            ("keys", "key", keys, PAGE_ROWS),
            ("jobs", "job", jobs, JOB_PAGE_ROWS),
        ):
            yield f', "{name}": ['.encode()
            async for item in _items(prefix, fetch, rows):
                yield item
            yield b"]"
        yield b"}\n"

    def _head(self, profile: Profile) -> bytes:
        head = {
            "format": FORMAT,
            "made_at": clock.now().isoformat(),
            "elsewhere": {
                "credits": f"{self._public_url}/v1/credits",
                "purchases": f"{self._public_url}/v1/purchases",
                "events": f"{self._public_url}/v1/events/log",
                "questionnaires": f"{self._public_url}/v1/questionnaires",
            },
            **ProfileView.of(profile).model_dump(mode="json"),
        }
        return json.dumps(head, ensure_ascii=False)[:-1].encode()  # left open for what follows


async def _items(prefix: str, fetch: FetchPage, rows_max: int) -> AsyncIterator[bytes]:
    """The rows of all pages as JSON, with commas between."""
    after, separator = _START, b""
    while page := await fetch(after, rows_max):
        for row in page:
            members = dict(row._mapping)
            after = members.pop("page_key")
            item = {"id": to_text(prefix, after), **members}
            yield separator + json.dumps(item, ensure_ascii=False, default=_plain).encode()
            separator = b", "
        if len(page) < rows_max:
            return


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"an export holds no {type(value).__name__}")
