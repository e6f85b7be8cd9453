"""Prices of work are data: set while everything runs, on top of what is declared, kept with who and why."""

from typing import Any

import pytest

from common.db.database import Database
from common.events.kinds import PriceRule
from gateway.kinds.catalogue import KindCatalogue
from gateway.kinds.pricing import PriceRefused, changed_price, clear_price, set_price

from .test_catalogue import declaration, declare, name

__all__ = ["name"]
RULE = PriceRule(base_credits=4, by_field="scale", credits_by_value={"2": 2, "4": 4}, credits_with_member={"again": 1})


async def test_a_price_is_set_survives_another_declaration_and_is_cleared(database: Database, name: str) -> None:
    catalogue = KindCatalogue(database)
    await declare(database, declaration(name, price=RULE))
    await catalogue.load()
    assert catalogue.get(name).price == RULE
    compiled = catalogue.get(name).validator

    await database.transact(set_price, name, 7, {"4": 0}, "Ada", "dearer")
    await catalogue.load()
    price = catalogue.get(name).price
    assert [price.price_of({"scale": scale}) for scale in (2, 4, 9)] == [2, 0, 7]
    assert price.price_of({"again": 1}) == 1
    assert catalogue.get(name).validator is compiled, "a price compiles no schema again"

    await declare(database, declaration(name, digest="2", price=PriceRule(base_credits=5)))
    await catalogue.load()
    assert catalogue.get(name).price.base_credits == 7
    await database.transact(clear_price, name, "Ada", "as before")
    await catalogue.load()
    assert catalogue.get(name).price == PriceRule(base_credits=5)
    async with database.unit_of_work() as uow:
        rows = await uow.rows(
            "SELECT changed_by, why FROM kind_prices WHERE kind = :name ORDER BY change", {"name": name}
        )
    assert [tuple(row) for row in rows] == [("Ada", "dearer"), ("Ada", "as before")]


@pytest.mark.parametrize(
    ("base", "by_value"), [(-1, {}), (100_001, {}), (None, {}), (None, {"3": 1}), (None, {"4": -1})]
)
def test_refuses_prices_that_cannot_be(base: int | None, by_value: dict[str, int]) -> None:
    with pytest.raises(PriceRefused):
        changed_price(RULE, base, by_value)


async def test_there_is_no_price_of_what_nobody_declared(database: Database) -> None:
    for act in (set_price, clear_price):
        arguments: tuple[Any, ...] = (1, {}) if act is set_price else ()
        with pytest.raises(PriceRefused, match="there is no kind"):
            await database.transact(act, "nothing", *arguments, "Ada", "why")
