"""The job of an order is in the read model though nobody submitted it here, whichever stream was read first."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from common.bus.handlers import Handlers, Received
from common.clock import now
from common.db.database import Database
from common.events.credits import CreditsCaptured, CreditsHeld
from common.events.envelope import Event
from common.events.jobs import JobSpec
from common.events.orders import OrderBuyerForgotten, OrderPaid
from common.events.runs import RunCompleted, RunQueued, RunStarted, Wait
from common.ids import new_id
from gateway.jobs import handlers as job_handlers
from gateway.jobs import read_model
from gateway.jobs.limit_notes import LimitNotes
from gateway.jobs.limits import Limits
from gateway.orders import handlers as order_handlers
from gateway.orders.early_news import take_in

WAIT = Wait(position=1, start_seconds_p50=1, start_seconds_p90=2, duration_seconds_p50=3, duration_seconds_p90=4)


@pytest_asyncio.fixture
async def handlers(limits: Limits) -> Handlers:
    registered = Handlers()
    job_handlers.register(registered, LimitNotes(limits))
    order_handlers.register(registered)
    return registered


class Sale:
    """An order and all that is said of it."""

    def __init__(self) -> None:
        self.order_id, self.job_id = new_id(), new_id()
        job = JobSpec(
            job_id=self.job_id, kind="sketch", job_class="image", price_credits=5, input={"motif": "a windmill"},
            deadline_at=now() + timedelta(minutes=5),
        )  # fmt: skip
        run: dict[str, Any] = {"account_id": self.order_id, "job_id": self.job_id, "kind": "sketch"}
        self.facts: dict[str, Event] = {
            "paid": OrderPaid(
                account_id=self.order_id, order_id=self.order_id, job=job, product="One sketch", amount_minor=450,
                currency="eur", email="ada@example.com", locale="en", paid_at=now(),
            ),
            "held": CreditsHeld(
                account_id=self.order_id, job=job, hold_id=new_id(), amount_credits=5, available_credits=0
            ),
            "queued": RunQueued(**run, wait=WAIT),
            "started": RunStarted(**run, attempt=1),
            "completed": RunCompleted(
                **run, charge_credits=5, result={"url": "u"}, started_at=now(), finished_at=now()
            ),
            "captured": CreditsCaptured(
                account_id=self.order_id, job_id=self.job_id, hold_id=new_id(), captured_credits=5,
                released_credits=0, available_credits=0,
            ),
        }  # fmt: skip


async def tell(database: Database, handlers: Handlers, events: Sequence[Event], *, at_once: bool = False) -> None:
    """Each event in a transaction of its own; `at_once` as the consumer tries first."""
    for event in events:
        received = [Received(event, None)]
        single = handlers.at_once(received) if at_once else None
        if single is not None:
            assert await single(received, database)
            continue
        async with database.unit_of_work() as uow:
            if (batch := handlers.batch(type(event))) is not None:
                await batch(received, uow)
            elif (one := handlers.single(type(event))) is not None:
                await one(event, uow)


async def early(database: Database, job_id: Any) -> int:
    async with database.autocommit() as connection:
        found = await connection.execute(text("SELECT count(*) FROM early_news WHERE job_id = :id"), {"id": job_id})
        return int(found.scalar_one())


@pytest.mark.parametrize("at_once", [False, True])
async def test_the_job_comes_to_the_same_end_in_any_order_of_facts(
    database: Database, handlers: Handlers, at_once: bool
) -> None:
    names = ("paid", "held", "completed", "captured")
    for order in permutations(names):
        sale = Sale()
        await tell(database, handlers, [sale.facts[name] for name in order], at_once=at_once)
        while await database.transact(take_in):
            pass

        job = await read_model.get_job(database, sale.order_id, sale.job_id)
        assert job is not None
        assert (job.status, job.progress, job.result) == ("succeeded", 1, {"url": "u"}), order
        assert (job.charge.held, job.charge.charged, job.charge.settled) == (5, 5, True), order
        assert await early(database, sale.job_id) == 0


async def test_news_of_a_job_under_way_arrive_late_and_whole(database: Database, handlers: Handlers) -> None:
    sale = Sale()
    await tell(database, handlers, [sale.facts["started"], sale.facts["queued"]])
    assert await early(database, sale.job_id) == 2
    await database.transact(take_in)
    assert await early(database, sale.job_id) == 2
    await tell(database, handlers, [sale.facts["paid"]])
    await asyncio.gather(*(database.transact(take_in) for _ in range(5)))

    job = await read_model.get_job(database, sale.order_id, sale.job_id)
    assert job is not None
    assert job.status == "running"
    assert job.started_at == sale.facts["started"].occurred_at


async def test_an_order_told_twice_is_one_job(database: Database, handlers: Handlers) -> None:
    sale = Sale()
    await tell(database, handlers, [sale.facts["paid"], sale.facts["completed"], sale.facts["paid"]])

    job = await read_model.get_job(database, sale.order_id, sale.job_id)
    assert job is not None
    assert job.status == "succeeded"
    assert await read_model.get_job(database, new_id(), sale.job_id) is None


async def test_what_the_buyer_typed_is_forgotten_with_them(database: Database, handlers: Handlers) -> None:
    sale = Sale()
    forget = OrderBuyerForgotten(account_id=sale.order_id, order_id=sale.order_id, job_id=sale.job_id)
    await tell(database, handlers, [sale.facts["paid"], forget])

    async with database.autocommit() as connection:
        found = await connection.execute(text("SELECT input FROM jobs WHERE job_id = :id"), {"id": sale.job_id})
        assert found.scalar_one() == {}
