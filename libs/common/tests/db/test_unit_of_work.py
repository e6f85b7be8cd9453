"""State and the events that tell of it: both or neither, in order, and told only once durable."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError

from common.db.database import Database
from common.db.outbox_record import OutboxRecord
from common.ids import new_id

from ..harness import column, fact


class Noted:
    """A courier that writes down what it was told."""

    def __init__(self) -> None:
        self.records: list[OutboxRecord] = []

    def hand_over(self, records: list[OutboxRecord]) -> None:
        self.records.extend(records)


@pytest.fixture
def courier(database: Database) -> Noted:
    database.courier = noted = Noted()
    return noted


async def test_state_and_events_commit_together(database: Database, courier: Noted):
    event = fact()
    async with database.unit_of_work() as uow:
        await uow.execute("INSERT INTO effects (note) VALUES (:note)", {"note": event.job_id})
        uow.emit(event)
        assert courier.records == []
    assert await column(database, "SELECT note FROM effects") == [event.job_id]
    assert await column(database, "SELECT event_id FROM outbox") == [event.event_id]
    assert await column(database, "SELECT body FROM outbox") == [event.to_json()]
    assert await column(database, "SELECT published_at FROM outbox") == [None]
    assert [record.event_id for record in courier.records] == [event.event_id]


async def test_an_exception_leaves_neither_state_nor_events(database: Database, courier: Noted):
    told: list[str] = []
    with pytest.raises(LookupError):  # noqa: PT012 - the block is the transaction
        async with database.unit_of_work() as uow:
            await uow.execute("INSERT INTO effects (note) VALUES (:note)", {"note": new_id()})
            uow.emit(fact())
            uow.after_commit(lambda: told.append("committed"))
            raise LookupError
    assert await column(database, "SELECT count(*) FROM effects") == [0]
    assert await column(database, "SELECT count(*) FROM outbox") == [0]
    assert courier.records == []
    assert told == []


async def test_an_event_that_cannot_be_stored_takes_the_state_with_it(database: Database, courier: Noted):
    event = fact()
    with pytest.raises(IntegrityError):  # noqa: PT012 - the block is the transaction
        async with database.unit_of_work() as uow:
            await uow.execute("INSERT INTO effects (note) VALUES (:note)", {"note": new_id()})
            uow.emit(event)
            uow.emit(event)
    assert await column(database, "SELECT count(*) FROM effects") == [0]
    assert courier.records == []


async def test_events_keep_the_order_in_which_they_were_said(database: Database, courier: Noted):
    first, second = [fact() for _ in range(40)], [fact() for _ in range(40)]
    for events in (list(reversed(first)), second):
        async with database.unit_of_work() as uow:
            for event in events:
                uow.emit(event)
    said = [event.event_id for event in [*reversed(first), *second]]
    assert await column(database, "SELECT event_id FROM outbox ORDER BY sequence") == said
    assert [record.event_id for record in courier.records] == said


async def test_callbacks_run_once_and_after_the_commit(database: Database):
    seen: list[str] = []
    async with database.unit_of_work() as uow:
        uow.after_commit(lambda: seen.append("one"))
        uow.after_commit(lambda: seen.append("two"))
        assert seen == []
    assert seen == ["one", "two"]


async def test_the_inbox_admits_each_event_once(database: Database):
    one, two, three = new_id(), new_id(), new_id()
    async with database.unit_of_work() as uow:
        assert await uow.claim_events([one, two, one]) == {one, two}
    async with database.unit_of_work() as uow:
        assert await uow.claim_events([three, two]) == {three}


async def test_the_inbox_forgets_what_was_rolled_back(database: Database):
    event_id = new_id()
    with pytest.raises(LookupError):  # noqa: PT012 - the block is the transaction
        async with database.unit_of_work() as uow:
            assert await uow.claim_events([event_id]) == {event_id}
            raise LookupError
    async with database.unit_of_work() as uow:
        assert await uow.claim_events([event_id]) == {event_id}


async def test_a_connection_goes_back_to_the_pool_whatever_happens(
    database_url: str, open_database: Callable[..., Database]
):
    small = open_database(database_url, pool_size=1)
    for _ in range(3):
        with pytest.raises(LookupError):
            async with small.unit_of_work():
                raise LookupError
        await small.check()
