"""Workers whose clocks are forty days ahead or behind: leases run by the database's clock alone."""

from datetime import datetime, timedelta

import pytest

from common import clock
from common.db.database import Database
from generation.engine.completions import Completions
from generation.runs import lease, outcome, recovery
from generation.runs.lease import LeaseLost, renew
from generation.runs.recovery import recover_lapsed

from ..stage import change, claim_next, claimed, row_of, types_said


@pytest.fixture(params=[40, -40], ids=["ahead", "behind"])
def _wrong_clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    right = clock.now

    def wrong() -> datetime:
        return right() + timedelta(days=request.param)

    for module in (clock, lease, outcome, recovery):
        monkeypatch.setattr(module, "now", wrong, raising=False)


@pytest.mark.usefixtures("_wrong_clock")
async def test_a_lease_neither_lapses_early_nor_lives_on(database: Database) -> None:
    run = await claimed(database)

    assert await database.transact(recover_lapsed) == 0
    assert await renew(database, run, 60) is False
    assert await claim_next(database, owner="other") is None

    await change(database, run.job_id, "lease_until = now() - interval '1 millisecond'")
    assert [await database.transact(recover_lapsed) for _ in range(3)] == [1, 0, 0]


@pytest.mark.usefixtures("_wrong_clock")
async def test_a_worker_with_a_wrong_clock_is_fenced_off_like_any_other(database: Database) -> None:
    stale = await claimed(database)
    await change(database, stale.job_id, "lease_until = now() - interval '1 millisecond', not_before = now()")
    await database.transact(recover_lapsed)
    current = await claim_next(database, owner="other")
    assert current is not None

    with pytest.raises(LeaseLost):
        await Completions(database).write(stale, {"value": "late"}, 5)
    await Completions(database).write(current, {"value": "once"}, 5)

    assert (await row_of(database, stale.job_id)).result == {"value": "once"}
    assert await types_said(database, stale.job_id) == ["run.completed"]
