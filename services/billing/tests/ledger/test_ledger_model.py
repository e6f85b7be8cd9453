"""Random histories on a real database against a model of its own: after every step they agree and nothing is broken.

Every step is a use case in a transaction, as in life. The sequence of steps that fails is printed; in CI the histories
are the same on every run. On a database it takes minutes to find the shortest one: `SHRINK=1 pytest --timeout 0 …`.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from billing.ledger.audit import audit
from billing.ledger.expiry import expire_holds
from billing.ledger.grants import Grant, GrantSource, post_grants
from billing.ledger.holds import HOLD_MARGIN
from billing.ledger.lot_expiry import expire_lots
from billing.ledger.reversals import follow_reversal
from billing.ledger.settlements import Outcome, settle_outcomes
from common.bus.handlers import Received
from common.clock import now
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.jobs import JobSpec, JobSubmitted
from common.events.runs import RunCancelled, RunCompleted, RunFailed
from common.ids import new_id

from .contention import Work, holding_at_once, holding_under_locks
from .emptying import empty_ledger
from .invariants import findings
from .ledger_model import LedgerModel

P = ParamSpec("P")
T = TypeVar("T")

ACCOUNTS = 2
PAID_MINOR = 499
HALF_AN_HOUR = timedelta(minutes=30)
_STATE = """
    SELECT
        (SELECT jsonb_object_agg(account_id, jsonb_build_array(available_credits, held_credits, debt_credits, version))
         FROM balances) AS balances,
        (SELECT jsonb_object_agg(account_id, rests) FROM (
            SELECT account_id, jsonb_agg(jsonb_build_array(granted_credits, remaining_credits) ORDER BY lot_id) AS rests
            FROM lots GROUP BY account_id) AS lots) AS lots,
        (SELECT jsonb_object_agg(job_id, jsonb_build_array(state, amount_credits, captured_credits)) FROM holds)
            AS holds,
        (SELECT jsonb_object_agg(book, total) FROM (
            SELECT book, sum(amount_credits) AS total FROM entries WHERE account_id IS NULL GROUP BY book) AS house
        ) AS house,
        (SELECT coalesce(sum(amount_credits), 0) FROM entries) AS everything
"""


class World:
    """An event loop and a database for steps that are plain functions."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._database = self._runner.run(self._opened(url))

    def do(self, use_case: Callable[Concatenate[UnitOfWork, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a use case in a transaction."""
        return self._runner.run(self._database.transact(use_case, *args, **kwargs))

    def work(self, work: Work) -> None:
        """Do something that takes its transactions itself."""
        self._runner.run(_awaited(work(self._database)))

    def broken(self) -> set[tuple[str, str]]:
        """Invariants that do not hold, with their subjects: the audit's and the test's."""
        violations = self._runner.run(audit(self._database))
        return {(one.invariant, one.subject) for one in violations} | {one[:2] for one in self.do(findings)}

    def empty(self) -> None:
        """Begin anew."""
        self.do(empty_ledger)

    def close(self) -> None:
        self._runner.run(self._database.close())
        self._runner.close()

    @staticmethod
    async def _opened(url: str) -> Database:
        return Database(url, application="tests", pool_size=2)


@pytest.fixture
def world(_database_url_of_the_model: str) -> Iterator[World]:
    made = World(_database_url_of_the_model)
    yield made
    made.close()


@pytest.fixture
async def _database_url_of_the_model(databases: Any) -> str:
    return str(await databases.migrated("billing"))


class LedgerMachine(RuleBasedStateMachine):
    """Every use case of the ledger, two customers, and the passing of time."""

    jobs = Bundle("jobs")
    payments = Bundle("payments")

    def __init__(self, world: World) -> None:
        super().__init__()
        world.empty()
        self.world = world
        self.model = LedgerModel(ACCOUNTS)
        self.accounts = [new_id() for _ in range(ACCOUNTS)]
        self.job_ids: list[UUID] = []
        self.payment_count = 0

    @rule(
        account=st.integers(0, ACCOUNTS - 1),
        credits=st.integers(1, 30),
        source=st.sampled_from(["promotion", "subscription", "adjustment"]),
        hours=st.none() | st.integers(-1, 4),
        twice=st.booleans(),
    )
    def grant(self, account: int, credits: int, source: GrantSource, hours: int | None, twice: bool) -> None:
        expires_at = None if hours is None else now() + timedelta(hours=hours) + HALF_AN_HOUR
        grant = Grant(self.accounts[account], credits, source, str(new_id()), "for a test", expires_at)
        assert [outcome.granted for outcome in self.world.do(post_grants, [grant] * (1 + twice))] == [True, False][
            : 1 + twice
        ]
        assert not twice or not self.world.do(post_grants, [grant])[0].granted
        self.model.grant(account, credits, source, hours)

    @rule(target=payments, account=st.integers(0, ACCOUNTS - 1), credits=st.integers(1, 50))
    def buy(self, account: int, credits: int) -> int:
        self.payment_count += 1
        reference = f"stripe:pi_{self.payment_count}:credits"
        self.world.do(post_grants, [Grant(self.accounts[account], credits, "purchase", reference, "a pack")])
        self.model.buy(account, self.payment_count, credits, PAID_MINOR)
        return self.payment_count

    @rule(payment=payments, reversed_minor=st.integers(0, 600), reinstated_minor=st.integers(0, 600))
    def reverse(self, payment: int, reversed_minor: int, reinstated_minor: int) -> None:
        """A refund, a dispute, or money won back, as it was at some time."""
        change = self.world.do(
            follow_reversal,
            f"stripe:pi_{payment}:credits",
            paid_minor=PAID_MINOR,
            reversed_minor=reversed_minor,
            reinstated_minor=reinstated_minor,
            memo="for a test",
        )
        assert change == self.model.reverse(payment, reversed_minor, reinstated_minor)

    @rule(
        target=jobs,
        account=st.integers(0, ACCOUNTS - 1),
        price=st.integers(0, 40),
        hours=st.integers(0, 5),
        again=st.booleans(),
        at_once=st.booleans(),
    )
    def submit(self, account: int, price: int, hours: int, again: bool, at_once: bool) -> int:
        """One job, perhaps told twice in a batch."""
        number = len(self.job_ids)
        self.job_ids.append(new_id())
        submitted = Received(
            JobSubmitted(account_id=self.accounts[account], job=self._spec(number, price, hours)), None
        )
        held = self.model.submit(account, number, price, hours)
        self._place([submitted] * (1 + (again and held)), at_once)
        return number

    @rule(target=jobs, account=st.integers(0, ACCOUNTS - 1), credits=st.integers(2, 30), share=st.integers(1, 100))
    def refund_what_is_held(self, account: int, credits: int, share: int) -> Any:
        """A way to debt that chance alone seldom takes: bought, set aside for a job over all lots, and refunded."""
        payment = self.buy(account, credits)
        price = self.model.accounts[account].available * share // 100
        job = self.submit(account, price, hours=5, again=False, at_once=True)
        self.reverse(payment, PAID_MINOR, 0)
        return job

    @rule(
        job=consumes(jobs),
        way=st.sampled_from(["completed", "cancelled", "failed"]),
        share=st.integers(0, 100),
        told=st.integers(1, 2),
    )
    def settle(self, job: int, way: str, share: int, told: int) -> None:
        """A capture of all or a part, or a release; told once or twice."""
        hold = self.model.holds.get(job)
        charge = 0 if hold is None or way == "failed" else hold.amount * share // 100
        self.world.do(_settle, [Received(self._outcome(job, way, charge), None)] * told)
        self.model.settle(job, charge, delivered=way == "completed")

    @rule(many=st.lists(consumes(jobs), min_size=2, max_size=4))
    def settle_together(self, many: list[int]) -> None:
        """Outcomes of several jobs in one batch, one after the other."""
        self.world.do(_settle, [Received(self._outcome(job, "failed", 0), None) for job in many])
        for job in many:
            self.model.settle(job, 0, delivered=False)

    @rule(job=jobs, at_once=st.booleans())
    def submit_again(self, job: int, at_once: bool) -> None:
        """Whatever became of its hold, a job has one."""
        hold = self.model.holds.get(job)
        if hold is not None:
            event = JobSubmitted(account_id=self.accounts[hold.account], job=self._spec(job, hold.amount, 1))
            self._place([Received(event, None)], at_once)

    @rule()
    def expire_holds(self) -> None:
        lapsed = self.model.lapsed()
        assert self.world.do(expire_holds) == len(lapsed)
        for job in self._in_the_order_of_release(lapsed):
            self.model.settle(job, 0, delivered=False)

    @rule()
    def expire_lots(self) -> None:
        assert self.world.do(expire_lots) == self.model.expire_parcels()

    @rule(hours=st.integers(1, 3))
    def time_passes(self, hours: int) -> None:
        """Everything grows older, for the clock of the database cannot be turned."""

        async def use_case(uow: UnitOfWork) -> None:
            for table in ("lots", "holds"):
                older = f"UPDATE {table} SET expires_at = expires_at - make_interval(hours => :hours)"  # noqa: S608
                await uow.execute(older, {"hours": hours})

        self.world.do(use_case)
        self.model.hour += hours

    @invariant()
    def the_database_is_what_the_model_says(self) -> None:
        state = self.world.do(_state)
        balances, lots, holds = state.balances or {}, state.lots or {}, state.holds or {}
        for number, account_id in enumerate(self.accounts):
            customer = self.model.accounts[number]
            expected = [customer.available, self.model.held(number), customer.debt, customer.postings]
            assert balances.get(str(account_id), [0, 0, 0, 0]) == expected
            parcels = [[parcel.granted, parcel.rest] for parcel in customer.parcels]
            assert lots.get(str(account_id), []) == parcels
        assert holds == {
            str(self.job_ids[job]): [hold.state, hold.amount, hold.captured] for job, hold in self.model.holds.items()
        }
        assert (state.house or {}) == {book: total for book, total in self.model.house.items() if total}
        assert state.everything == 0

    @invariant()
    def no_invariant_is_broken(self) -> None:
        late = {("no_hold_outlives_its_expiry", str(self._hold_id(job))) for job in self.model.lapsed()}
        assert self.world.broken() == late

    def _spec(self, job: int, price: int, hours: int) -> JobSpec:
        return JobSpec(
            job_id=self.job_ids[job],
            kind="text_to_design",
            job_class="image",
            price_credits=price,
            input={},
            deadline_at=now() + timedelta(hours=hours) + HALF_AN_HOUR - HOLD_MARGIN,
        )

    def _outcome(self, job: int, way: str, charge: int) -> Outcome:
        hold = self.model.holds.get(job)
        about: dict[str, Any] = {
            "account_id": self.accounts[hold.account if hold else 0],
            "job_id": self.job_ids[job],
            "kind": "text_to_design",
            "finished_at": now(),
        }
        match way:
            case "completed":
                return RunCompleted(charge_credits=charge, result={}, started_at=now(), **about)
            case "cancelled":
                return RunCancelled(charge_credits=charge, **about)
            case _:
                return RunFailed(code="refused", detail="", **about)

    def _place(self, batch: list[Received[JobSubmitted]], at_once: bool) -> None:
        self.world.work((holding_at_once if at_once else holding_under_locks)(batch))

    def _hold_id(self, job: int) -> UUID:
        row = self.world.do(
            UnitOfWork.first, "SELECT hold_id FROM holds WHERE job_id = :job", {"job": self.job_ids[job]}
        )
        assert row is not None
        return UUID(str(row.hold_id))

    def _in_the_order_of_release(self, jobs: list[int]) -> list[int]:
        """Which of several lapsed holds goes first is the database's choice; debt is repaid from its lots first."""
        rows = self.world.do(
            UnitOfWork.rows, "SELECT job_id FROM transfers WHERE kind = 'release' ORDER BY transfer_id"
        )
        order = [row.job_id for row in rows]
        return sorted(jobs, key=lambda job: order.index(self.job_ids[job]) if self.model.holds[job].amount else -1)


async def _state(uow: UnitOfWork) -> Any:
    return await uow.first(_STATE)


async def _awaited(work: Awaitable[Any]) -> Any:
    return await work


async def _settle(uow: UnitOfWork, batch: list[Received[Outcome]]) -> None:
    await settle_outcomes(batch, uow)


def test_any_history_leaves_what_the_model_says_and_breaks_no_invariant(world: World) -> None:
    class Machine(LedgerMachine):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            derandomize="CI" in os.environ,
            print_blob=True,
            phases=[Phase.reuse, Phase.generate, *([Phase.shrink] if "SHRINK" in os.environ else [])],
            suppress_health_check=list(HealthCheck),
        ),
    )
