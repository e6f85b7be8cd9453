"""The SQL of following billing's word about plans."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.db.unit_of_work import UnitOfWork

RECENT_MAX = 100_000

_FOLLOW = text(
    """
    INSERT INTO followed_plans AS known (account_id, plan, version) VALUES (:account_id, :plan, :version)
    ON CONFLICT (account_id) DO UPDATE SET plan = excluded.plan, version = excluded.version, changed_at = now()
    WHERE known.version < excluded.version
    """
)
_SET = text("UPDATE accounts SET plan = :plan WHERE account_id = :account_id")
_RECENT = text(
    """
    SELECT account_id, plan FROM followed_plans
    WHERE changed_at > now() - make_interval(secs => :seconds) ORDER BY changed_at DESC LIMIT :limit
    """
)


async def follow_plan(uow: UnitOfWork, account_id: UUID, plan: str, version: int) -> bool:
    """Set an account's plan, unless later news is known already; says whether this was news."""
    followed = await uow.execute(_FOLLOW, {"account_id": account_id, "plan": plan, "version": version})
    if not followed.rowcount:
        return False
    await uow.execute(_SET, {"account_id": account_id, "plan": plan})
    return True


async def recent_plans(connection: AsyncConnection, seconds: float) -> dict[UUID, str]:
    """The plans of accounts whose plan has changed so many seconds ago at most."""
    rows = (await connection.execute(_RECENT, {"seconds": seconds, "limit": RECENT_MAX})).all()
    return {row.account_id: row.plan for row in rows}
