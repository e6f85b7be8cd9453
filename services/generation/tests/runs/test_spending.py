"""What purchases cost, as they are recorded: tokens beside cost, and a provider's day added up."""

from datetime import timedelta

from common.clock import now
from common.db.database import Database
from generation.providers.ports import AttemptOutcome
from generation.runs.attempts import StepAttempts, spent_microusd

from ..stage import claimed, rows, wire_to


async def buy(database: Database, provider: str, cost_microusd: int | None, outcome: AttemptOutcome) -> None:
    attempts = StepAttempts(database, await claimed(database), "s")
    attempt_id = await attempts.begin("text.write", provider, "m")
    await attempts.finish(attempt_id, outcome, cost_microusd=cost_microusd, input_tokens=900, output_tokens=120)


async def test_tokens_are_recorded_beside_the_cost(database: Database) -> None:
    await buy(database, "openai", 7, AttemptOutcome.UNFIT)

    (row,) = await rows(database, "SELECT * FROM attempts")
    assert (row.input_tokens, row.output_tokens, row.cost_microusd, row.outcome) == (900, 120, 7, "unfit")


async def test_a_providers_day_is_added_up_whatever_came_of_it(database: Database) -> None:
    await buy(database, "openai", 7, AttemptOutcome.OK)
    await buy(database, "openai", 5, AttemptOutcome.UNFIT)
    await buy(database, "openai", None, AttemptOutcome.TIMEOUT)
    await buy(database, "replicate", 100, AttemptOutcome.OK)

    assert await spent_microusd(database, "openai", now() - timedelta(hours=1)) == 12
    assert await spent_microusd(database, "openai", now() + timedelta(hours=1)) == 0


async def test_says_nothing_while_the_database_is_away(database_url: str) -> None:
    async with wire_to(database_url) as (wire, url):
        away = Database(url, application="tests", pool_size=2)
        assert await spent_microusd(away, "openai", now()) is not None
        wire.cut()
        assert await spent_microusd(away, "openai", now()) is None
        await away.close()
