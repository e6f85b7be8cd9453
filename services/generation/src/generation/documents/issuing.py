"""Draws a document with the number that is next, stores it, issues it; again with another where others were faster."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from generation.documents.content import Document
from generation.documents.desk import DocumentDesk
from generation.documents.numbering import Number, Series
from generation.documents.typesetting import PDF, typeset
from generation.engine.artefact import FileArtefact
from generation.engine.step import Step

TRIES_MAX = 60
"""Each lost try means that another document of the account was issued meanwhile."""
PAUSE_SECONDS_MAX = 0.2
LINK_LASTS = timedelta(days=90)
"""Of the address that clients are mailed, who have no account; an invoice is payable for 30 days."""

T = TypeVar("T")


class NumbersContended(Exception):
    """Others took the next number each time; the run is tried again later."""


async def issue_numbered(
    step: Step,
    folder: Path,
    desk: DocumentDesk,
    series: Series,
    *,
    draw: Callable[[Number], Document],
    issue: Callable[[Number, FileArtefact], Awaitable[T | None]],
) -> T:
    """The document as it was issued.

    Args:
        draw: the document as it looks with a number.
        issue: issues it with that number and file; answers None where the number is gone.

    Raises:
        NumbersContended: not within `TRIES_MAX`.
        LocalWorkFailed, ProviderError: it could not be made or stored. No number was taken.
    """
    for _ in range(TRIES_MAX):
        number = await desk.next_number(series)
        made = await typeset(step, draw(number), folder / f"{series}.pdf")
        file = await step.store_file(f"{series}.pdf", made.path, media_type=PDF, link_lasts=LINK_LASTS)
        issued = await issue(number, file)
        if issued is not None:
            return issued
        await asyncio.sleep(random.uniform(0, PAUSE_SECONDS_MAX))  # noqa: S311 - jitter
    raise NumbersContended(series)
