"""The SQL of the rules: what each account wishes, what it has spent, and when it is tried again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from billing.top_ups.rules import Card, Rule
from common.db.unit_of_work import UnitOfWork

_RULE_COLUMNS = """
    account_id, enabled, threshold_credits, product_id, monthly_ceiling_minor, declines, next_try_at,
    disabled_reason, card_brand, card_last4
"""
_RULE = text(f"SELECT {_RULE_COLUMNS} FROM auto_top_ups WHERE account_id = :account_id")  # noqa: S608 - constants
_SAVE_RULE = text(
    """
    INSERT INTO auto_top_ups AS rule (
        account_id, enabled, threshold_credits, product_id, monthly_ceiling_minor, card_brand, card_last4
    ) VALUES (
        :account_id, :enabled, :threshold_credits, :product_id, :monthly_ceiling_minor, :card_brand, :card_last4
    ) ON CONFLICT (account_id) DO UPDATE SET
        enabled = excluded.enabled, threshold_credits = excluded.threshold_credits, product_id = excluded.product_id,
        monthly_ceiling_minor = excluded.monthly_ceiling_minor,
        card_brand = coalesce(excluded.card_brand, rule.card_brand),
        card_last4 = coalesce(excluded.card_last4, rule.card_last4),
        declines = CASE WHEN excluded.enabled THEN 0 ELSE rule.declines END,
        next_try_at = CASE WHEN excluded.enabled THEN now() ELSE rule.next_try_at END,
        disabled_reason = NULL, updated_at = now()
    """
)
_SWITCH_OFF = text(
    """
    UPDATE auto_top_ups SET enabled = false, disabled_reason = :reason, updated_at = now()
    WHERE account_id = :account_id AND enabled
    """
)
_SPENT = text(
    """
    SELECT coalesce(sum(top_ups.amount_minor), 0) FROM top_ups JOIN purchases USING (purchase_id)
    WHERE top_ups.account_id = :account_id AND top_ups.created_at >= :month
      AND (top_ups.status <> 'failed' OR purchases.status = 'paid')
    """
)
_NOTE_PAID = text("UPDATE auto_top_ups SET declines = 0, next_try_at = now() WHERE account_id = :account_id")
_NOTE_DECLINE = text(
    "UPDATE auto_top_ups SET declines = declines + 1 WHERE account_id = :account_id RETURNING declines"
)
_TRY_AGAIN_AT = text("UPDATE auto_top_ups SET next_try_at = :moment WHERE account_id = :account_id")
_NOTE_CARD = text("UPDATE auto_top_ups SET card_brand = :brand, card_last4 = :last4 WHERE account_id = :account_id")


async def rule_of(connection: AsyncConnection, account_id: UUID) -> Rule | None:
    """An account's rule, if it ever made one."""
    row = (await connection.execute(_RULE, {"account_id": account_id})).first()
    return Rule(*row) if row is not None else None


async def save_rule(
    uow: UnitOfWork,
    account_id: UUID,
    *,
    enabled: bool,
    threshold_credits: int,
    product_id: str,
    monthly_ceiling_minor: int,
    card: Card | None,
) -> None:
    """Write a rule. Switching it on forgets what was declined before."""
    await uow.execute(
        _SAVE_RULE,
        {
            "account_id": account_id,
            "enabled": enabled,
            "threshold_credits": threshold_credits,
            "product_id": product_id,
            "monthly_ceiling_minor": monthly_ceiling_minor,
            "card_brand": card.brand if card else None,
            "card_last4": card.last4 if card else None,
        },
    )


async def switch_off(uow: UnitOfWork, account_id: UUID, reason: str) -> None:
    """Buy nothing more until somebody switches it on again."""
    await uow.execute(_SWITCH_OFF, {"account_id": account_id, "reason": reason})


async def spent_since(connection: AsyncConnection, account_id: UUID, month: datetime) -> int:
    """What attempts since then have cost or may still cost, in minor units."""
    found = await connection.execute(_SPENT, {"account_id": account_id, "month": month})
    return int(found.scalar_one())


async def note_paid(uow: UnitOfWork, account_id: UUID) -> None:
    """The card works: declines of before do not count any more."""
    await uow.execute(_NOTE_PAID, {"account_id": account_id})


async def note_decline(uow: UnitOfWork, account_id: UUID) -> int:
    """One more decline; says how many there were in a row."""
    row = await uow.first(_NOTE_DECLINE, {"account_id": account_id})
    return int(row.declines) if row is not None else 1


async def try_again_at(uow: UnitOfWork, account_id: UUID, moment: datetime) -> None:
    """Nothing is bought before this moment."""
    await uow.execute(_TRY_AGAIN_AT, {"account_id": account_id, "moment": moment})


async def note_card(connection: AsyncConnection, account_id: UUID, card: Card) -> None:
    """Which card is charged, for its owner to see."""
    await connection.execute(_NOTE_CARD, {"account_id": account_id, "brand": card.brand, "last4": card.last4})
