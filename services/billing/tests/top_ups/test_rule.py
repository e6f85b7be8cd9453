"""The rule over HTTP: shown, changed, refused."""

import pytest

from billing.top_ups.handlers import stop_buying
from common.bus.handlers import Received
from common.events.deletion import AccountDeletionRequested
from common.ids import new_id

from .till import PATH, PRICE, Till


async def test_an_account_without_a_rule_has_it_off(till: Till) -> None:
    assert await till.get() == {
        "enabled": False,
        "threshold_credits": None,
        "product_id": None,
        "monthly_ceiling_minor": None,
        "spent_this_month_minor": 0,
        "card": None,
        "paused_until": None,
        "disabled_reason": None,
    }


async def test_shows_the_rule_with_the_card_that_was_saved_last(till: Till) -> None:
    await till.save_card("5555555555554444")
    await till.save_card()
    answer = await till.put(threshold_credits=30, monthly_ceiling_minor=2000)
    assert answer.status_code == 200
    assert answer.json() == await till.get()
    assert answer.json()["card"] == {"brand": "visa", "last4": "4242"}
    assert (answer.json()["threshold_credits"], answer.json()["monthly_ceiling_minor"]) == (30, 2000)


async def test_cannot_be_switched_on_without_a_card(till: Till) -> None:
    assert (await till.put()).status_code == 409
    assert (await till.put(enabled=False)).status_code == 200


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"product_id": "pack-of-nothing"}, "/body/product_id"),
        ({"monthly_ceiling_minor": PRICE - 1}, "/body/monthly_ceiling_minor"),
        ({"threshold_credits": 0}, "/body/threshold_credits"),
        ({"threshold_credits": 2**63}, "/body/threshold_credits"),
    ],
)
async def test_refuses_what_makes_no_sense(till: Till, changed: dict[str, object], pointer: str) -> None:
    answer = await till.put(**changed)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_vendor_that_is_away_is_a_503_and_changes_nothing(till: Till) -> None:
    await till.save_card()
    await till.shop.fault(None, {"status": 503}, times=None)
    assert (await till.put()).status_code == 503
    assert (await till.shop.http.post(f"{PATH}/card", headers=till.shop.identity(new_id()))).status_code == 503
    assert (await till.get())["enabled"] is False


async def test_rules_of_others_are_not_shown(till: Till) -> None:
    await till.open()
    assert (await till.get(new_id()))["enabled"] is False


async def test_a_deleted_account_buys_nothing_more(till: Till) -> None:
    await till.open()
    event = AccountDeletionRequested(account_id=till.shop.account_id, user_id=new_id(), deletion_id=new_id())
    async with till.shop.database.unit_of_work() as uow:
        await stop_buying([Received(event, None)], uow)
    await till.look(2)
    assert await till.statuses() == []
    assert (await till.get())["disabled_reason"] == "account_deleted"
