"""The SQL of questionnaires."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from generation.questionnaires.rules import Answer, Answers
from generation.runs.json_text import to_json

_COLUMNS = "questionnaire_id, form_version, language, answers, revision, created_at, updated_at, completed_at"
_LOCK_ACCOUNT = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('questionnaires ' || CAST(CAST(:account_id AS uuid) AS text), 0))"
)
_HAS = text(
    """
    SELECT count(*) AS questionnaires,
           EXISTS (SELECT 1 FROM account_deletions WHERE account_id = :account_id) AS closed
    FROM questionnaires WHERE account_id = :account_id
    """
)
_INSERT = text(
    f"""
    INSERT INTO questionnaires (questionnaire_id, account_id, form_version, language, answers)
    VALUES (:questionnaire_id, :account_id, :form_version, :language, CAST(:answers AS jsonb)) RETURNING {_COLUMNS}
    """  # noqa: S608 - a constant
)
_OWN = f"SELECT {_COLUMNS} FROM questionnaires WHERE account_id = :account_id"  # noqa: S608 - a constant
_FIND = text(f"{_OWN} AND questionnaire_id = :questionnaire_id")
_LOCK = text(f"{_OWN} AND questionnaire_id = :questionnaire_id FOR UPDATE")
_ALL = text(f"{_OWN} ORDER BY questionnaire_id DESC LIMIT :limit")
_SAVE = text(
    f"""
    UPDATE questionnaires SET answers = CAST(:answers AS jsonb), revision = revision + 1, updated_at = now()
    WHERE questionnaire_id = :questionnaire_id AND completed_at IS NULL RETURNING {_COLUMNS}
    """  # noqa: S608 - a constant
)
_COMPLETE = text(
    f"""
    UPDATE questionnaires SET completed_at = now(), updated_at = now(), revision = revision + 1
    WHERE questionnaire_id = :questionnaire_id AND completed_at IS NULL RETURNING {_COLUMNS}
    """  # noqa: S608 - a constant
)
_DELETE = text("DELETE FROM questionnaires WHERE account_id = :account_id AND questionnaire_id = :questionnaire_id")
_DELETE_UNTOUCHED = text(
    """
    DELETE FROM questionnaires WHERE questionnaire_id IN (
        SELECT questionnaire_id FROM questionnaires
        WHERE completed_at IS NULL AND updated_at < now() - make_interval(days => :days) LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    """
)
_FORGET = text("DELETE FROM questionnaires WHERE account_id = :account_id")


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """One questionnaire as it is kept."""

    questionnaire_id: UUID
    form_version: int
    language: str
    answers: Answers
    revision: int
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Holdings:
    """What an account has; `closed` when it is being deleted."""

    count: int
    closed: bool


async def lock_account(uow: UnitOfWork, account_id: UUID) -> Holdings:
    """What the account has; until the commit nobody else adds to it."""
    await uow.execute(_LOCK_ACCOUNT, {"account_id": account_id})
    row = (await uow.execute(_HAS, {"account_id": account_id})).one()
    return Holdings(row.questionnaires, row.closed)


async def insert(
    uow: UnitOfWork,
    questionnaire_id: UUID,
    account_id: UUID,
    form_version: int,
    language: str,
    answers: Mapping[str, Answer],
) -> Questionnaire:
    """Begin one."""
    row = await uow.execute(
        _INSERT,
        {
            "questionnaire_id": questionnaire_id,
            "account_id": account_id,
            "form_version": form_version,
            "language": language,
            "answers": to_json(answers),
        },
    )
    return _questionnaire(row.one())


async def lock(uow: UnitOfWork, account_id: UUID, questionnaire_id: UUID) -> Questionnaire | None:
    """The account's questionnaire; until the commit nobody else changes it."""
    row = await uow.first(_LOCK, {"account_id": account_id, "questionnaire_id": questionnaire_id})
    return None if row is None else _questionnaire(row)


async def save(uow: UnitOfWork, questionnaire_id: UUID, answers: Mapping[str, Answer]) -> Questionnaire:
    """Keep the answers of a locked draft."""
    parameters = {"questionnaire_id": questionnaire_id, "answers": to_json(answers)}
    return _questionnaire((await uow.execute(_SAVE, parameters)).one())


async def complete(uow: UnitOfWork, questionnaire_id: UUID) -> Questionnaire:
    """From now on a locked draft stays as it is."""
    return _questionnaire((await uow.execute(_COMPLETE, {"questionnaire_id": questionnaire_id})).one())


async def delete(uow: UnitOfWork, account_id: UUID, questionnaire_id: UUID) -> bool:
    """Delete one; whether there was one."""
    found = await uow.execute(_DELETE, {"account_id": account_id, "questionnaire_id": questionnaire_id})
    return bool(found.rowcount)


async def delete_untouched(database: Database, *, days: int, limit: int) -> int:
    """Delete up to `limit` drafts that were not changed for so many days; says how many there were."""
    async with database.autocommit() as connection:
        return (await connection.execute(_DELETE_UNTOUCHED, {"days": days, "limit": limit})).rowcount


async def forget(uow: UnitOfWork, account_id: UUID) -> None:
    """Delete all of an account."""
    await uow.execute(_FORGET, {"account_id": account_id})


async def find(database: Database, account_id: UUID, questionnaire_id: UUID) -> Questionnaire | None:
    """One of this account."""
    parameters = {"account_id": account_id, "questionnaire_id": questionnaire_id}
    async with database.autocommit() as connection:
        row = (await connection.execute(_FIND, parameters)).first()
    return None if row is None else _questionnaire(row)


async def all_of(database: Database, account_id: UUID, limit: int) -> list[Questionnaire]:
    """All of an account, newest first."""
    async with database.autocommit() as connection:
        rows = (await connection.execute(_ALL, {"account_id": account_id, "limit": limit})).all()
    return [_questionnaire(row) for row in rows]


def _questionnaire(row: Row[Any]) -> Questionnaire:
    return Questionnaire(*tuple(row))
