"""The SQL of entitlements."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from common.db.unit_of_work import UnitOfWork
from generation.entitlements.rules import Answer, Verdict, year_of

_FOLLOW = text(
    """
    INSERT INTO subscribers AS known (account_id, plan, paid_since, version)
    VALUES (:account_id, :plan, :paid_since, :version)
    ON CONFLICT (account_id) DO UPDATE
    SET plan = excluded.plan, paid_since = excluded.paid_since, version = excluded.version, changed_at = now()
    WHERE known.version < excluded.version
    """
)
_LOCK = text("SELECT paid_since FROM subscribers WHERE account_id = :account_id FOR UPDATE")
_USED = text(
    """
    SELECT job_id, year_ends_at FROM yearly_uses WHERE account_id = :account_id AND kind = :kind
      AND (job_id = :job_id OR year_ends_at > :moment) ORDER BY job_id = :job_id DESC LIMIT 1
    """
)
_USE = text(
    """
    INSERT INTO yearly_uses (job_id, account_id, kind, year_starts_at, year_ends_at)
    VALUES (:job_id, :account_id, :kind, :year_starts_at, :year_ends_at)
    ON CONFLICT (account_id, kind, year_starts_at) DO NOTHING RETURNING job_id
    """
)
_GIVE_BACK = text("DELETE FROM yearly_uses WHERE job_id = :job_id")
_FORGET = (
    text("DELETE FROM yearly_uses WHERE account_id = :account_id"),
    text("DELETE FROM subscribers WHERE account_id = :account_id"),
)


async def follow_subscription(
    uow: UnitOfWork, account_id: UUID, plan: str, paid_since: datetime | None, version: int
) -> None:
    """Keep since when an account pays, unless later news is known already."""
    parameters = {"account_id": account_id, "plan": plan, "paid_since": paid_since, "version": version}
    await uow.execute(_FOLLOW, parameters)


async def use_year(uow: UnitOfWork, account_id: UUID, kind: str, job_id: UUID, moment: datetime) -> Verdict:
    """Use the account's year for this job. Of any number at once one is granted; the same job is granted again."""
    subscriber = await uow.first(_LOCK, {"account_id": account_id})
    use = {"account_id": account_id, "kind": kind, "job_id": job_id}
    used = await uow.first(_USED, {**use, "moment": moment})
    if used is not None:
        return Verdict(Answer.GRANTED) if used.job_id == job_id else Verdict(Answer.USED, used.year_ends_at)
    if subscriber is None or subscriber.paid_since is None:
        return Verdict(Answer.NOT_PAID)
    year = year_of(subscriber.paid_since, moment)
    years = {"year_starts_at": year.starts_at, "year_ends_at": year.ends_at}
    if await uow.first(_USE, {**use, **years}) is None:
        return Verdict(Answer.USED, year.ends_at)
    return Verdict(Answer.GRANTED)


async def give_year_back(uow: UnitOfWork, job_id: UUID) -> None:
    """The job came to nothing: its year is as if it had never been asked for."""
    await uow.execute(_GIVE_BACK, {"job_id": job_id})


async def forget(uow: UnitOfWork, account_id: UUID) -> None:
    """Drop all that is kept of an account."""
    for statement in _FORGET:
        await uow.execute(statement, {"account_id": account_id})
