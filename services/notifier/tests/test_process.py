"""The whole process: from the streams of the bus to the reader, the drain on SIGTERM, migrations, settings."""

import asyncio
import os
import signal
import statistics
import sys
import time

import pytest
from pydantic import ValidationError

from common.bus.publisher import Publisher
from common.bus.streams import stream_key, topics_of
from common.db import migrate
from common.db.outbox_record import OutboxRecord
from common.ids import new_id
from common.runtime import Process
from notifier.main import run, start
from notifier.settings import NotifierSettings

SECRET = "s" * 32


@pytest.fixture
async def process(build, make_settings, redis):
    settings = make_settings(smtp_url="smtp://127.0.0.1:9?tls=off")
    running = Process("notifier", settings)
    port = await start(running, settings)
    yield running, f"http://127.0.0.1:{port}"
    running.request_stop()
    await running.run_until_stopped()
    await running.stack.aclose()


async def _publish(redis, *events):
    await Publisher(redis).publish([OutboxRecord.of(event, None) for event in events])


async def test_an_event_on_the_bus_reaches_the_reader_at_once(process, redis, facts, follow):
    _, base = process
    stream = await follow(base, "/v1/events", facts.account_id)
    job_id = new_id()
    delays = []
    for event in facts.whole_job(job_id):
        begin = time.perf_counter()
        await _publish(redis, event)
        if event.type != "credits.held":
            await stream.event(3.0)
            delays.append(time.perf_counter() - begin)
    assert statistics.median(delays) < 0.1, delays


async def test_a_burst_of_mixed_topics_is_told_without_gap_or_repeat(process, redis, facts, follow):
    _, base = process
    stream = await follow(base, "/v1/events", facts.account_id)
    events = [event for _ in range(25) for event in facts.whole_job(new_id())]
    for begin in range(0, len(events), 40):
        await _publish(redis, *events[begin : begin + 40])
    told = [event async for event in _until_quiet(stream)]
    assert [int(event["id"]) for event in told] == list(range(1, len(told) + 1))
    assert sum(event["event"] == "job.charged" for event in told) == 25
    assert sum(event["event"] == "job.succeeded" for event in told) == 25
    for topic in topics_of("notifier"):
        if await redis.exists(stream_key(topic)):
            assert (await redis.xpending(stream_key(topic), "notifier"))["pending"] == 0


async def _until_quiet(stream):
    while True:
        try:
            yield await stream.event(1.5)
        except TimeoutError:
            return


async def test_a_flood_over_two_replicas_is_told_without_deadlock(
    process, make_settings, redis, facts, rows, notifier, monkeypatch
):
    """Needs consumers that hand a mixed batch over in one piece: then its accounts are locked in id order."""
    monkeypatch.setenv("INSTANCE", "peer")
    peer = Process("notifier", make_settings(smtp_url="smtp://127.0.0.1:9?tls=off"))
    await start(peer, peer.settings)
    makers = [type(facts)() for _ in range(20)]
    lanes = [maker.whole_job(new_id()) for _ in range(8) for maker in makers]
    tens = [lanes[begin : begin + 10] for begin in range(0, 160, 10)]
    events = [event for ten in tens for step in zip(*ten, strict=True) for event in step]
    for begin in range(0, len(events), 90):
        await _publish(redis, *events[begin : begin + 90])
    try:
        async with asyncio.timeout(8):
            while await _closed(rows, notifier) < 160:  # noqa: ASYNC110 - the database rings no bell
                await asyncio.sleep(0.05)
    finally:
        peer.request_stop()
        await peer.run_until_stopped()
        await peer.stack.aclose()
    (row,) = await rows(notifier, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert row.deadlocks == 0
    gaps = "SELECT account_id FROM account_events GROUP BY 1 HAVING count(*) <> max(sequence)"
    assert await rows(notifier, gaps) == []


async def _closed(rows, notifier):
    (row,) = await rows(notifier, "SELECT count(*) AS jobs FROM job_states WHERE closed_sequence IS NOT NULL")
    return row.jobs


async def test_sigterm_says_goodbye_and_ends_well(build, database_url, redis_url, facts, follow):
    environment = os.environ | {
        "NOTIFIER_DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "NOTIFIER_PORT": "0",
        "SMTP_URL": "smtp://127.0.0.1:9?tls=off",
    }
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "notifier", env=environment, stdout=asyncio.subprocess.PIPE
    )
    port = 0
    async with asyncio.timeout(20):
        while not port:
            line = (await program.stdout.readline()).decode()
            assert line, "the process ended early"
            if "http_listening" in line:
                port = int(line.partition('"port": ')[2].split(",")[0].rstrip("}\n "))
    stream = await follow(f"http://127.0.0.1:{port}", "/v1/events", facts.account_id)
    begin = time.perf_counter()
    program.send_signal(signal.SIGTERM)
    assert (await stream.event(3.0))["event"] == "server-draining"
    assert await stream.event(3.0) is None
    output, _ = await asyncio.wait_for(program.communicate(), 10)
    assert program.returncode == 0
    assert time.perf_counter() - begin < 6
    assert b"task_failed" not in output


async def test_the_tables_match_the_migrations(database_url):
    await asyncio.to_thread(migrate.check, "notifier", database_url)


def test_production_insists_on_its_own_mail_settings(monkeypatch):
    values = {
        "environment": "production",
        "redis_url": "redis://redis",
        "identity_secrets": SECRET,
        "access_token_secrets": SECRET[::-1] + "x",
        "public_url": "https://studio.example",
    }
    with pytest.raises(ValidationError, match="SMTP_URL and MAIL_FROM must be set"):
        NotifierSettings(**values)
    settings = NotifierSettings(**values, smtp_url="smtp://mail", mail_from="Studio <a@b.example>")
    assert settings.production


@pytest.mark.parametrize(
    "wrong",
    [{"smtp_url": "http://x"}, {"mail_from": "nobody"}, {"job_path": "/jobs"}, {"job_path": "/{x}/{job}"}],
)
def test_odd_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        NotifierSettings(redis_url="redis://redis", **wrong)


def test_refuses_a_role_it_does_not_have():
    with pytest.raises(ValueError, match="not 'api'"):
        run("api")
