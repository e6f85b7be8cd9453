"""One trace from the request through every stream."""

from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import SpanKind, StatusCode
from redis.asyncio import Redis

from common.bus.handlers import Handlers, Received
from common.bus.relay import Relay
from common.db.database import Database
from common.db.unit_of_work import UnitOfWork
from common.events.jobs import JobCancelRequested
from common.telemetry import tracing

from ..harness import QUICK, column, consumer, eventually, fact, pending, running

SAID = "SELECT traceparent FROM outbox ORDER BY sequence"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(ALWAYS_ON), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("atelier"))
    yield exporter
    provider.shutdown()


def trace_of(traceparent: str | None) -> str:
    assert traceparent is not None
    return traceparent.split("-")[1]


def parent_of(traceparent: str | None) -> str:
    assert traceparent is not None
    return traceparent.split("-")[2]


async def _say(database: Database, redis: Redis, count: int) -> list[str]:
    """Each event in a trace of its own; answers the traceparents."""
    parents = []
    for _ in range(count):
        with tracing.span("POST /v1/jobs", kind=SpanKind.SERVER):
            parents.append(tracing.traceparent() or "")
            async with database.unit_of_work() as uow:
                uow.emit(fact())
    await Relay("gateway", database, redis).sweep(grace_seconds=0)
    return parents


async def _handled(database: Database, redis: Redis, handlers: Handlers, effects: int) -> None:
    async def done() -> bool:
        return len(await column(database, SAID)) == effects and await pending(redis) == 0

    async with running(consumer(database, redis, handlers).run):
        await eventually(done)


async def test_one_trace_runs_from_the_request_through_the_handler_to_what_it_says(
    database: Database, reading_database: Database, redis: Redis, spans: InMemorySpanExporter
):
    handlers = Handlers()

    async def answer(event: JobCancelRequested, uow: UnitOfWork) -> None:
        with tracing.span("price the job"):
            uow.emit(fact(event.job_id))

    handlers.on(JobCancelRequested, answer)
    parents = await _say(database, redis, 3)
    await _handled(reading_database, redis, handlers, 3)
    assert len({trace_of(parent) for parent in parents}) == 3
    said = await column(reading_database, SAID)
    assert [trace_of(one) for one in said] == [trace_of(parent) for parent in parents]
    process = [span for span in spans.get_finished_spans() if span.name == "process job.cancel_requested"]
    assert [f"{span.parent.span_id:016x}" for span in process if span.parent] == [parent_of(p) for p in parents]
    assert {span.kind for span in process} == {SpanKind.CONSUMER}
    assert {(span.attributes or {})["messaging.consumer.group.name"] for span in process} == {"billing"}
    inner = [span for span in spans.get_finished_spans() if span.name == "price the job"]
    assert [f"{span.context.span_id:016x}" for span in inner] == [parent_of(one) for one in said]
    assert [span.parent.span_id for span in inner if span.parent] == [span.context.span_id for span in process]


async def test_in_a_batch_each_event_keeps_its_own_trace(
    database: Database, reading_database: Database, redis: Redis, spans: InMemorySpanExporter
):
    handlers = Handlers()

    async def answer(batch: Sequence[Received[JobCancelRequested]], uow: UnitOfWork) -> None:
        for received in reversed(batch):
            uow.emit(fact(received.event.job_id), received.traceparent)

    handlers.on_batch(JobCancelRequested, answer)
    parents = await _say(database, redis, 4)
    await _handled(reading_database, redis, handlers, 4)
    said = await column(reading_database, SAID)
    assert [trace_of(one) for one in reversed(said)] == [trace_of(parent) for parent in parents]
    process = [span for span in spans.get_finished_spans() if span.name.startswith("process ")]
    assert {f"{span.context.span_id:016x}" for span in process} == {parent_of(one) for one in said}
    assert {(span.attributes or {})["messaging.batch.message_count"] for span in process} == {4}


@pytest.mark.parametrize("in_batches", [True, False])
async def test_the_span_of_a_failing_handler_says_so(
    database: Database,
    reading_database: Database,
    redis: Redis,
    spans: InMemorySpanExporter,
    in_batches: bool,
):
    handlers = Handlers()

    async def fail(*_: object) -> None:
        raise LookupError("poisoned")

    if in_batches:
        handlers.on_batch(JobCancelRequested, fail)
    else:
        handlers.on(JobCancelRequested, fail)
    await _say(database, redis, 1)
    member = consumer(reading_database, redis, handlers)
    async with running(member.run, member.run_reclaim):
        await eventually(lambda: column(reading_database, "SELECT 1 FROM dead_letters"))
    process = [span for span in spans.get_finished_spans() if span.name.startswith("process ")]
    assert len(process) >= QUICK.attempts_max
    assert {span.status.status_code for span in process} == {StatusCode.ERROR}


async def test_a_trace_that_is_not_sampled_costs_no_span_and_is_still_continued(
    database: Database,
    reading_database: Database,
    redis: Redis,
    spans: InMemorySpanExporter,
    monkeypatch: pytest.MonkeyPatch,
):
    handlers = Handlers()

    async def answer(event: JobCancelRequested, uow: UnitOfWork) -> None:
        uow.emit(fact(event.job_id))

    handlers.on(JobCancelRequested, answer)
    with monkeypatch.context() as patch:
        silent = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False).get_tracer("atelier")
        patch.setattr(tracing, "_tracer", silent)
        [parent] = await _say(database, redis, 1)
    await _handled(reading_database, redis, handlers, 1)
    assert [trace_of(one) for one in await column(reading_database, SAID)] == [trace_of(parent)]
    assert spans.get_finished_spans() == ()


@pytest.mark.parametrize("traceparent", ["garbage", "00-zz-01", "", "00-" + "0" * 32 + "-" + "1" * 16 + "-01"])
async def test_a_malformed_traceparent_harms_nothing(
    reading_database: Database, redis: Redis, spans: InMemorySpanExporter, traceparent: str
):
    handlers = Handlers()

    async def answer(event: JobCancelRequested, uow: UnitOfWork) -> None:
        uow.emit(fact(event.job_id))

    handlers.on(JobCancelRequested, answer)
    event = fact()
    await redis.xadd("atelier:{jobs}:events", {"type": event.type, "body": event.to_json(), "traceparent": traceparent})
    await _handled(reading_database, redis, handlers, 1)
    assert await column(reading_database, SAID) == [None]
