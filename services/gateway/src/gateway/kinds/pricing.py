"""Use cases: set the price of a kind of work instead of the declared one, or go back to that.

In force on every gateway with its next look at the kinds. What was submitted or quoted keeps its price.
"""

from collections.abc import Mapping

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from common.db.unit_of_work import UnitOfWork
from common.events.kinds import PriceRule

CREDITS_MAX = 100_000

_DECLARED = text("SELECT declaration -> 'price' AS price FROM kinds WHERE name = :kind")
_SET = text(
    "INSERT INTO kind_prices (kind, price, why, changed_by) VALUES (:kind, :price, :why, :changed_by)"
).bindparams(bindparam("price", type_=JSONB(none_as_null=True)))


class PriceRefused(ValueError):
    """This price cannot be set; the message says why, to the operator."""


def changed_price(declared: PriceRule, base_credits: int | None, by_value: Mapping[str, int]) -> PriceRule:
    """The declared rule with another base, and other prices of the values and members that it names.

    Raises:
        PriceRefused: the rule names no such value, or a price is out of range.
    """
    known = {*declared.credits_by_value, *declared.credits_with_member}
    if unknown := sorted(by_value.keys() - known):
        raise PriceRefused(f"no price goes by {', '.join(unknown)}; {', '.join(sorted(known)) or 'only the base'} does")
    wanted = [*by_value.values(), *([] if base_credits is None else [base_credits])]
    if not wanted or not all(0 <= credits <= CREDITS_MAX for credits in wanted):
        raise PriceRefused(f"a price is between 0 and {CREDITS_MAX} credits")
    return declared.model_copy(
        update={
            "base_credits": declared.base_credits if base_credits is None else base_credits,
            "credits_by_value": {key: by_value.get(key, old) for key, old in declared.credits_by_value.items()},
            "credits_with_member": {key: by_value.get(key, old) for key, old in declared.credits_with_member.items()},
        }
    )


async def set_price(
    uow: UnitOfWork, kind: str, base_credits: int | None, by_value: Mapping[str, int], changed_by: str, why: str
) -> PriceRule:
    """Set it; the whole rule that is in force from now on.

    Raises:
        PriceRefused: there is no such kind, or no such price.
    """
    price = changed_price(await _declared(uow, kind), base_credits, by_value)
    await uow.execute(
        _SET, {"kind": kind, "price": price.model_dump(mode="json"), "why": why, "changed_by": changed_by}
    )
    return price


async def clear_price(uow: UnitOfWork, kind: str, changed_by: str, why: str) -> PriceRule:
    """Go back to the declared price, which it answers with.

    Raises:
        PriceRefused: there is no such kind.
    """
    declared = await _declared(uow, kind)
    await uow.execute(_SET, {"kind": kind, "price": None, "why": why, "changed_by": changed_by})
    return declared


async def _declared(uow: UnitOfWork, kind: str) -> PriceRule:
    row = await uow.first(_DECLARED, {"kind": kind})
    if row is None:
        raise PriceRefused(f"there is no kind {kind}")
    return PriceRule.model_validate(row.price)
