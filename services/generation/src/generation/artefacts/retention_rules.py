"""The rules of how long files are kept: until which day, when their owner is warned, and what is due of a run now.

A file is kept for as many days as the plan says that it was made under, or the owner's plan of today where that is
more. Days are of UTC: what was made on one day goes on one day, so one mail tells of all of it.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

WARNED_FOR = timedelta(days=7)
"""From the warning to the deletion, at least."""
LOOK_AGAIN = timedelta(hours=1)
"""At what is still being made."""
DELETED_WITHIN = timedelta(minutes=5)
"""When to look whether the vendor has answered for all."""


class Files(StrEnum):
    """What has become of a run's files. `none`: there are none, or they are kept as long as the account."""

    KEPT = "kept"
    WARNED = "warned"
    LEAVING = "leaving"
    GONE = "gone"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Holding:
    """A run, as far as it matters to its files.

    `makers` are the jobs whose files it names, its own among them; `kept_until` is what runs that name its files need.
    `shown`: its owner has seen files of it. `numbered`: it has issued a document with a number.
    """

    job_id: UUID
    account_id: UUID
    kind: str
    shown: bool
    files: Files
    finished_at: datetime | None
    keep_days: int
    kept_until: date | None
    expire_on: date | None
    makers: tuple[UUID, ...]
    numbered: bool
    deletions_open: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a run leads to: the state of its files, when to look again, and when they expire."""

    files: Files
    due_at: datetime | None = None
    expire_on: date | None = None


def expires_on(holding: Holding) -> date:
    """The day on which the files may go, whatever their owner was told."""
    if holding.finished_at is None:
        raise ValueError("what is not finished does not expire")
    by_plan = holding.finished_at.astimezone(UTC).date() + timedelta(days=holding.keep_days + 1)
    return by_plan if holding.kept_until is None else max(by_plan, holding.kept_until)


def look_at(holding: Holding, moment: datetime) -> Look:
    """What is due now. Nothing leaves that its owner was not warned of, but for what nobody was ever shown."""
    if holding.finished_at is None:
        return Look(Files.KEPT, moment + LOOK_AGAIN)
    if holding.files is Files.LEAVING:
        return Look(Files.LEAVING, moment + DELETED_WITHIN) if holding.deletions_open else Look(Files.GONE)
    if not holding.makers or holding.numbered:
        return Look(Files.NONE)
    if not holding.shown:
        return Look(Files.LEAVING, moment + DELETED_WITHIN)
    today, day = moment.astimezone(UTC).date(), expires_on(holding)
    if day - WARNED_FOR > today:
        return Look(Files.KEPT, _midnight(day - WARNED_FOR))
    if holding.files is Files.WARNED and holding.expire_on is not None and holding.expire_on >= day:
        if holding.expire_on <= today:
            return Look(Files.LEAVING, moment + DELETED_WITHIN, holding.expire_on)
        return Look(Files.WARNED, _midnight(holding.expire_on), holding.expire_on)
    expire_on = max(day, today + WARNED_FOR)
    return Look(Files.WARNED, _midnight(expire_on), expire_on)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
