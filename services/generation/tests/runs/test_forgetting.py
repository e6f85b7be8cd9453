"""What the buyer of an order typed leaves generation too, wherever it was written; other people's stays."""

from datetime import timedelta

from common.bus.handlers import Handlers
from common.db.database import Database
from common.events.orders import OrderBuyerForgotten
from common.ids import new_id
from generation.doorbell import Doorbell
from generation.kept.storage import KeptKey, keep
from generation.runs.handlers import register
from generation.runs.outcome import Completion, complete
from generation.runs.steps import save_step
from generation.runs.waits import Figures

from ..stage import claimed, row_of, rows

SECRET = "for my dear Ada"


async def test_what_a_forgotten_buyer_typed_is_erased_everywhere_and_the_result_stays(database: Database) -> None:
    order_id, other_id = new_id(), new_id()
    runs = [await claimed(database, account=account, job_input={"title": SECRET}) for account in (order_id, other_id)]
    for run in runs:
        async with database.unit_of_work() as uow:
            await save_step(uow, run, "outline", {"heading": SECRET})
            await keep(uow, run.account_id, KeptKey("k", 1, "0" * 64, {}, timedelta(days=1)), {"said": SECRET})
            await complete(uow, [Completion(run, {"artefact": "a1"}, 1)])
            await uow.execute("UPDATE runs SET error_detail = :quoted", {"quoted": SECRET})
    handlers = Handlers()
    register(handlers, Doorbell.__new__(Doorbell), Figures)
    forget = handlers.single(OrderBuyerForgotten)
    assert forget is not None
    forgotten = OrderBuyerForgotten(account_id=order_id, order_id=order_id, job_id=runs[0].job_id)
    strayed = OrderBuyerForgotten(account_id=order_id, order_id=order_id, job_id=runs[1].job_id)
    for event in (forgotten, forgotten, strayed):
        async with database.unit_of_work() as uow:
            await forget(event, uow)

    async def mentions(table: str) -> int:
        found = await rows(database, f"SELECT count(*) AS n FROM {table} AS t WHERE t::text LIKE :it", it=f"%{SECRET}%")  # noqa: S608
        return int(found[0].n)

    assert [await mentions(table) for table in ("runs", "steps", "kept_results")] == [1, 1, 1]
    mine, theirs = await row_of(database, runs[0].job_id), await row_of(database, runs[1].job_id)
    assert (mine.input, mine.result, mine.state) == ({}, {"artefact": "a1"}, "completed")
    assert theirs.input == {"title": SECRET}
