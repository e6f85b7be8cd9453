"""Use case: an owner gets fresh addresses of what a job has made. They are signed here; nobody is asked for them."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from common.clock import now
from common.db.database import Database
from common.errors import NotFound
from generation.artefacts.reading import Made, find_made, find_owned
from generation.engine.artefact import FileArtefact
from generation.providers.links import Link, sign
from generation.providers.picture_ports import SUFFIXES
from generation.providers.ports import ArtefactStore, StoredArtefact

ARTEFACTS_MAX = 200
"""Of one job; a colouring book has 25."""
_ID = re.compile(r"(?P<job>[0-9a-f]{32})/[A-Za-z0-9_./-]+")


class Named(BaseModel):
    """An artefact as results name it, whatever else they say of it."""

    model_config = ConfigDict(frozen=True, strict=True)

    id: str
    version: int
    url: str
    media_type: str
    size_bytes: int
    width: int = 0
    height: int = 0

    @property
    def made_by(self) -> UUID | None:
        """The job that has stored it: a kept result names the files of the job that made it first."""
        match = _ID.fullmatch(self.id)
        return None if match is None else UUID(match["job"])


@dataclass(frozen=True, slots=True)
class Linked:
    """An artefact, and an address of it."""

    named: Named
    link: Link


class ArtefactLinks:
    """Signs what finished jobs name, for their owners and for nobody else.

    Args:
        lasts: how long an address works.
    """

    def __init__(self, database: Database, store: ArtefactStore, lasts: timedelta) -> None:
        self._database = database
        self._store = store
        self._lasts = lasts

    async def of_job(self, account_id: UUID, job_id: UUID) -> list[Linked]:
        """All files that the job's result names and that are still kept, in their order there; none before it is over.

        Raises:
            NotFound: the account has no such job, or it was never begun.
        """
        made = await find_made(self._database, account_id, job_id)
        if made is None:
            raise NotFound
        named = named_in(made)
        others = {artefact.made_by for artefact in named} - {None, job_id}
        owned = await find_owned(self._database, account_id, others) if others else set()
        owned |= set() if made.files_gone else {job_id}
        return [Linked(artefact, self._sign(artefact)) for artefact in named if artefact.made_by in owned]

    def fresh(self, file: FileArtefact) -> FileArtefact:
        """A file whose address works for a while: its own, or one that is signed anew where that ends soon."""
        if file.url_expires_at is not None and file.url_expires_at - now() > self._lasts / 2:
            return file
        link = self._sign(Named.model_validate(file.model_dump()))
        return file.model_copy(update={"url": link.url, "url_expires_at": link.expires_at})

    def _sign(self, artefact: Named) -> Link:
        suffix = SUFFIXES.get(artefact.media_type) or artefact.id.rpartition(".")[2]
        stored = StoredArtefact(
            artefact.id,
            artefact.version,
            artefact.size_bytes,
            artefact.media_type,
            artefact.width,
            artefact.height,
            None,
        )
        return sign(self._store, stored, suffix, self._lasts)


def named_in(made: Made) -> list[Named]:
    """The artefacts that a job's owner is shown, each once, at most `ARTEFACTS_MAX`."""
    found: dict[str, Named] = {}
    for document in made.documents:
        for artefact in _walk(document):
            if len(found) < ARTEFACTS_MAX and artefact.made_by is not None:
                found.setdefault(artefact.id, artefact)
    return list(found.values())


def _walk(document: Any) -> Iterator[Named]:
    if isinstance(document, dict):
        if isinstance(document.get("id"), str) and "url" in document:
            with suppress(ValidationError):  # something else that has an id and an address
                yield Named.model_validate(document)
        for member in document.values():
            yield from _walk(member)
    elif isinstance(document, list):
        for member in document:
            yield from _walk(member)
