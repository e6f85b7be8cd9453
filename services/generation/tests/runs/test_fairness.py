"""The fair order: shares by weight, nobody delayed by somebody else's thousand jobs, nobody starving."""

from collections import Counter
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.db.database import Database
from generation.runs.fairness import FairClocks, Tags

from ..stage import claim_next, enqueue, paid

ACCOUNTS = [UUID(int=number) for number in range(1, 6)]


class Model:
    """The order as claims make it, in memory: what the tables do, without tables."""

    def __init__(self) -> None:
        self.time = 0.0
        self.finishes: dict[UUID, float] = {}
        self.waiting: list[tuple[float, int, UUID, Tags]] = []
        self._count = 0

    def submit(self, account: UUID, weight: int, count: int = 1) -> None:
        clocks = FairClocks([("c", self.time)], [("c", who, finish) for who, finish in self.finishes.items()])
        for _ in range(count):
            tags = clocks.place("c", account, weight)
            self._count += 1
            self.waiting.append((tags.virtual_finish, self._count, account, tags))
        self.finishes = {who: finish for (_, who), finish in clocks.account_finishes.items()}

    def claim(self) -> UUID:
        self.waiting.sort(key=lambda item: item[:2])
        _, _, account, tags = self.waiting.pop(0)
        self.time = max(self.time, tags.virtual_start)
        return account


@given(weights=st.lists(st.integers(1, 16), min_size=2, max_size=5))
@settings(max_examples=60, deadline=None)
def test_accounts_that_always_wait_are_served_by_their_weights(weights: list[int]) -> None:
    model = Model()
    for account, weight in zip(ACCOUNTS, weights, strict=False):
        model.submit(account, weight, 400)

    served = Counter(model.claim() for _ in range(200))

    for account, weight in zip(ACCOUNTS, weights, strict=False):
        assert served[account] == pytest.approx(200 * weight / sum(weights), abs=2 + len(weights))


Moves = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.sampled_from(ACCOUNTS), st.sampled_from([1, 4, 16]), st.integers(1, 30)),
        st.just(("claim",)),
    ),
    max_size=80,
)


@given(moves=Moves)
@settings(max_examples=150, deadline=None)
def test_virtual_time_never_goes_back_and_nobody_overtakes_himself(moves: list[tuple[object, ...]]) -> None:
    model, last_start = Model(), -1.0
    for move in moves:
        if move[0] == "submit":
            model.submit(*move[1:])  # type: ignore[arg-type]
        elif model.waiting:
            model.claim()
        assert model.time >= last_start, "virtual time never goes back"
        last_start = model.time
    for account in ACCOUNTS:
        own = [item for item in sorted(model.waiting, key=lambda item: item[:2]) if item[2] == account]
        assert [item[1] for item in own] == sorted(item[1] for item in own), "an account's runs keep their order"
        assert all(a[3].virtual_finish <= b[3].virtual_start + 1e-9 for a, b in pairwise(own))


@given(before=st.integers(0, 20), weights=st.lists(st.sampled_from([1, 4, 16]), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_whoever_waits_is_reached_however_much_others_submit(before: int, weights: list[int]) -> None:
    model, victim = Model(), ACCOUNTS[4]
    model.submit(victim, 1, before + 1)
    claims_max = (before + 2) * (sum(weights) + 1) + len(weights)

    served = 0
    for _ in range(claims_max):
        for other, weight in zip(ACCOUNTS, weights, strict=False):
            if not any(item[2] == other for item in model.waiting):
                model.submit(other, weight, 3)
        served += model.claim() == victim

    assert served == before + 1


@given(backlog=st.integers(1, 500), served=st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_a_newcomer_goes_in_beside_the_next_of_a_backlog(backlog: int, served: int) -> None:
    model = Model()
    model.submit(ACCOUNTS[0], 1, backlog)
    for _ in range(min(served, backlog)):
        model.claim()

    model.submit(ACCOUNTS[1], 1)
    before = 0
    while model.claim() != ACCOUNTS[1]:
        before += 1

    assert before <= 2


@pytest.mark.parametrize(("weight", "work"), [(0, 1.0), (-1, 1.0), (1, 0.0), (1, -2.0)])
def test_refuses_weights_and_work_that_are_not_positive(weight: int, work: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        FairClocks([], []).place("c", ACCOUNTS[0], weight, work)


def test_larger_work_moves_an_account_further_back() -> None:
    clocks = FairClocks([("c", 10.0)], [])

    assert clocks.place("c", ACCOUNTS[0], 2, work=8.0) == Tags(10.0, 14.0)
    assert clocks.place("c", ACCOUNTS[0], 2) == Tags(14.0, 14.5)
    assert clocks.place("other", ACCOUNTS[0], 2) == Tags(0.0, 0.5)


async def claim_all(database: Database, count: int) -> list[UUID]:
    order = []
    for _ in range(count):
        run = await claim_next(database)
        assert run is not None
        order.append(run.account_id)
    return order


async def test_five_hundred_jobs_of_one_do_not_delay_five_of_another(database: Database) -> None:
    crowd, single = uuid4(), uuid4()
    await enqueue(database, *(paid(account=crowd) for _ in range(500)))
    assert await claim_all(database, 20) == [crowd] * 20

    await enqueue(database, *(paid(account=single) for _ in range(5)))
    order = await claim_all(database, 12)

    assert order.count(single) == 5, f"of the next twelve: {order.count(single)}"


async def test_plans_get_their_shares(database: Database) -> None:
    free, pro = uuid4(), uuid4()
    await enqueue(database, *(paid(account=free, weight=1) for _ in range(60)))
    await enqueue(database, *(paid(account=pro, weight=4) for _ in range(60)))

    order = await claim_all(database, 50)

    assert order.count(pro) == pytest.approx(40, abs=1)
    assert order.count(free) == pytest.approx(10, abs=1)


async def test_one_s_own_jobs_are_claimed_in_the_order_they_were_paid(database: Database) -> None:
    account = uuid4()
    events = [paid(account=account) for _ in range(12)]
    await enqueue(database, *events[:5])
    await enqueue(database, *events[5:])

    claimed = [await claim_next(database) for _ in events]

    assert [run.job_id for run in claimed if run is not None] == [event.job.job_id for event in events]


async def test_idle_time_earns_no_credit(database: Database) -> None:
    idler, worker = uuid4(), uuid4()
    await enqueue(database, paid(account=idler))
    await claim_all(database, 1)
    await enqueue(database, *(paid(account=worker) for _ in range(40)))
    await claim_all(database, 30)

    await enqueue(database, *(paid(account=idler) for _ in range(10)))
    order = await claim_all(database, 10)

    assert 4 <= order.count(idler) <= 6


async def test_classes_do_not_know_of_each_other(database: Database) -> None:
    account = uuid4()
    await enqueue(database, *(paid(account=account, job_class="image") for _ in range(50)))
    (queued,) = await enqueue(database, paid(account=account, job_class="text"))

    assert queued.tags == Tags(0.0, 1.0)
    assert await claim_next(database, "document") is None
    run = await claim_next(database, "text")
    assert run is not None
    assert run.job_id == queued.received.event.job.job_id
