"""Event streams over real connections: exact resumption, live delivery, limits, drain, isolation."""

import asyncio
import json
from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from common.figures import Place, encode_places
from common.http.identity import issue_access_token
from common.ids import new_id, to_text
from notifier.feed.messages import ServerEvent
from notifier.feed.storage import LogReader
from notifier.streams.hub import WHISPERS_MAX

GONE_SECONDS_MAX = 10.0


def _path(job_id):
    return f"/v1/jobs/{to_text('job', job_id)}/events"


async def _told(notifier, facts, handle, job_id=None):
    job_id = job_id or new_id()
    for event in facts.whole_job(job_id):
        await handle(notifier, event)
    return job_id


@pytest.fixture
async def base(notifier, serve):
    return await serve(notifier)


async def test_a_new_stream_begins_with_what_is_new(notifier, base, facts, handle, follow):
    await handle(notifier, facts.purchased())
    stream = await follow(base, "/v1/events", facts.account_id)
    await handle(notifier, facts.balance(1))
    event = await stream.event(1.0)
    assert (event["id"], event["event"]) == ("2", "balance.changed")
    assert stream.response.headers["content-type"].startswith("text/event-stream")
    assert stream.response.headers["cache-control"] == "no-cache, no-transform"
    assert stream.response.headers["x-accel-buffering"] == "no"
    assert "content-length" not in stream.response.headers


async def test_every_event_resumes_to_the_exact_rest(notifier, base, facts, handle, follow, log_of):
    await _told(notifier, facts, handle)
    bodies = [row.body for row in await log_of(notifier, facts.account_id)]
    for cut in range(9):
        stream = await follow(base, "/v1/events", facts.account_id, last_event_id=str(cut))
        events = await stream.events(8 - cut)
        assert [int(event["id"]) for event in events] == list(range(cut + 1, 9))
        assert [event["data"] for event in events] == bodies[cut:]


async def test_a_stream_cut_at_every_event_yields_the_sequence(notifier, base, facts, handle, follow):
    """The reader goes away after each event while more keep coming, and resumes from the last id it saw."""
    job_id, seen = new_id(), 0

    async def produce():
        for event in facts.whole_job(job_id):
            await handle(notifier, event)
            await asyncio.sleep(0.01)

    producing = asyncio.create_task(produce())
    while seen < 8:
        stream = await follow(base, "/v1/events", facts.account_id, last_event_id=str(seen))
        event = await stream.event()
        await stream.response.aclose()
        assert int(event["id"]) == seen + 1
        seen += 1
    await producing


async def test_a_header_wins_over_the_query(notifier, base, facts, handle, follow):
    await _told(notifier, facts, handle)
    stream = await follow(base, "/v1/events?after=1", facts.account_id, last_event_id="5")
    assert (await stream.event())["id"] == "6"
    stream = await follow(base, "/v1/events?after=1", facts.account_id)
    assert (await stream.event())["id"] == "2"


async def test_a_job_stream_tells_its_history_and_ends(notifier, base, facts, handle, follow):
    await handle(notifier, facts.purchased())
    job_id = await _told(notifier, facts, handle)
    await handle(notifier, facts.purchased())
    stream = await follow(base, _path(job_id), facts.account_id)
    events = await stream.rest()
    assert [int(event["id"]) for event in events] == list(range(2, 10))
    assert json.loads(events[-1]["data"])["final"] is True


async def test_a_job_stream_follows_live_until_the_settlement(notifier, base, facts, handle, follow):
    job_id = new_id()
    stream = await follow(base, _path(job_id), facts.account_id)
    await handle(notifier, facts.submitted(job_id), facts.submitted(new_id()))
    assert (await stream.event(1.0))["event"] == "job.submitted"
    await handle(notifier, facts.completed(job_id))
    await handle(notifier, facts.purchased())
    assert (await stream.event(1.0))["event"] == "job.succeeded"
    await handle(notifier, facts.captured(job_id))
    assert [event["event"] for event in await stream.rest()] == ["job.charged"]


async def test_a_finished_job_answers_204_to_a_reader_who_saw_it_all(notifier, base, facts, handle, get):
    job_id = await _told(notifier, facts, handle)
    response = await get(base, _path(job_id), facts.account_id, **{"Last-Event-ID": "8"})
    assert (response.status_code, response.content) == (204, b"")


async def test_resuming_a_finished_job_in_the_middle_ends(notifier, base, facts, handle, follow):
    job_id = await _told(notifier, facts, handle)
    stream = await follow(base, _path(job_id), facts.account_id, last_event_id="6")
    assert [event["event"] for event in await stream.rest()] == ["job.succeeded", "job.charged"]


async def test_somebody_elses_job_is_not_found(notifier, base, facts, other_facts, handle, get):
    job_id = await _told(notifier, facts, handle)
    response = await get(base, _path(job_id), other_facts.account_id)
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")
    assert (await get(base, "/v1/jobs/job_nonsense/events", facts.account_id)).status_code == 404


async def test_accounts_never_see_each_others_events(notifier, base, facts, other_facts, handle, follow, get):
    mine = await follow(base, "/v1/events", facts.account_id)
    early = new_id()
    foreign = await follow(base, _path(early), other_facts.account_id)
    await _told(notifier, facts, handle, early)
    await handle(notifier, other_facts.balance(1))
    assert len(await mine.events(8)) == 8
    with pytest.raises(TimeoutError):
        await foreign.event(0.3)
    assert await LogReader(notifier.database, reads_max=1).read(other_facts.account_id, early, 0, 10) == []
    page = (await get(base, "/v1/events/log", other_facts.account_id)).json()
    assert [event["type"] for event in page["items"]] == ["balance.changed"]


async def test_the_page_has_the_same_bytes_as_the_stream(notifier, base, facts, handle, follow, get):
    await _told(notifier, facts, handle)
    stream = await follow(base, "/v1/events?after=0", facts.account_id)
    events = await stream.events(8)
    text = ""
    after, pages = 0, 0
    while True:
        response = await get(base, f"/v1/events/log?after={after}&limit=3", facts.account_id)
        page = response.json()
        text += response.text
        after, pages = page["next_after"], pages + 1
        for event in page["items"]:
            TypeAdapter(ServerEvent).validate_python(event)
        if not page["has_more"]:
            break
    assert (after, pages, page["reset"]) == (8, 3, False)
    assert all(event["data"] in text for event in events)


async def test_a_resume_point_older_than_the_log_gets_a_reset(notifier, base, facts, handle, follow, rows, get):
    await _told(notifier, facts, handle)
    await rows(notifier, "DELETE FROM account_events WHERE sequence <= 4 RETURNING 1")
    stream = await follow(base, "/v1/events", facts.account_id, last_event_id="2")
    reset = await stream.event()
    assert (reset["event"], "id" in reset) == ("reset", False)
    assert json.loads(reset["data"]) == {"oldest_sequence": 5, "last_sequence": 8}
    assert [event["id"] for event in await stream.events(4)] == ["5", "6", "7", "8"]
    assert (await get(base, "/v1/events/log?after=2", facts.account_id)).json()["reset"] is True
    exact = await follow(base, "/v1/events", facts.account_id, last_event_id="4")
    assert (await exact.event())["id"] == "5"


async def test_a_resume_point_beyond_the_log_gets_a_reset(notifier, base, facts, handle, follow):
    await handle(notifier, facts.purchased())
    stream = await follow(base, "/v1/events", facts.account_id, last_event_id="77")
    assert (await stream.event())["event"] == "reset"
    await handle(notifier, facts.purchased())
    assert (await stream.event(1.0))["id"] == "2"


async def test_a_drain_says_goodbye_and_closes(notifier, base, facts, follow):
    stream = await follow(base, "/v1/events", facts.account_id)
    await notifier.hub.drain()
    farewell = await stream.event(1.0)
    assert farewell["event"] == "server-draining"
    assert 1000 <= int(farewell["retry"]) <= 5000
    assert "id" not in farewell
    assert await stream.event(1.0) is None
    late = await follow(base, "/v1/events", facts.account_id)
    assert (await late.event(1.0))["event"] == "server-draining"


async def test_heartbeats_and_a_limited_life(build, serve, facts, follow):
    notifier = build(heartbeat_seconds=0.1, stream_life_seconds=0.5)
    stream = await follow(await serve(notifier), "/v1/events", facts.account_id)
    assert await stream.frame(1.0) == {"": "heartbeat"}
    assert await stream.rest() == []


async def test_streams_of_an_account_are_limited(build, serve, facts, other_facts, follow, get):
    notifier = build(streams_per_account_max=2, streams_max=3)
    base = await serve(notifier)
    streams = [await follow(base, "/v1/events", facts.account_id) for _ in range(2)]
    response = await get(base, "/v1/events", facts.account_id)
    assert (response.status_code, response.json()["reason"]) == (429, "TOO_MANY_STREAMS")
    assert int(response.headers["retry-after"]) > 0
    await follow(base, "/v1/events", other_facts.account_id)
    assert (await get(base, "/v1/events", new_id())).status_code == 429
    await streams[0].response.aclose()
    async with asyncio.timeout(GONE_SECONDS_MAX):
        while (await follow(base, "/v1/events", facts.account_id)).response.status_code != 200:  # noqa: ASYNC110 - the server notices in its own time
            await asyncio.sleep(0.02)


async def test_a_gone_client_is_forgotten(notifier, base, facts, follow):
    stream = await follow(base, "/v1/events", facts.account_id)
    assert facts.account_id in notifier.hub.watched()
    await stream.response.aclose()
    async with asyncio.timeout(GONE_SECONDS_MAX):
        while facts.account_id in notifier.hub.watched():  # noqa: ASYNC110 - the server notices in its own time
            await asyncio.sleep(0.02)


async def test_a_client_that_does_not_read_is_cut_off_and_resumes(build, serve, facts, handle, follow):
    notifier = build(stream_send_seconds_max=0.3, log_keep_events=5000)
    base = await serve(notifier)
    host, port = base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    token = issue_access_token(
        notifier.settings.access_token_secrets,
        account_id=facts.account_id,
        user_id=new_id(),
        plan="free",
        ttl=timedelta(minutes=5),
    )
    writer.write(f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    await reader.readuntil(b"connected")
    product = "x" * 20_000
    async with asyncio.timeout(20):
        while facts.account_id in notifier.hub.watched():
            await handle(notifier, *(facts.purchased(product) for _ in range(50)))
            await asyncio.sleep(0.05)
    writer.close()
    stream = await follow(base, "/v1/events?after=0", facts.account_id)
    assert [int(event["id"]) for event in await stream.events(50)] == list(range(1, 51))

    return timedelta(minutes=5)


async def test_another_replica_is_told_by_a_hint(notifier, build, serve, facts, handle, follow):
    peer = build()
    stream = await follow(await serve(peer), "/v1/events", facts.account_id)
    tasks = [asyncio.create_task(notifier.hints.run_sender()), asyncio.create_task(peer.hints.run_listener())]
    try:
        await asyncio.sleep(0.2)
        await handle(notifier, facts.purchased())
        assert (await stream.event(0.5))["id"] == "1"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_without_hints_the_poll_finds_what_is_new(notifier, build, serve, facts, handle, follow):
    peer = build()
    stream = await follow(await serve(peer), "/v1/events", facts.account_id)
    await handle(notifier, facts.purchased(), facts.balance(1))
    await peer.hints.poll()
    assert [event["id"] for event in await stream.events(2)] == ["1", "2"]


async def test_disordered_hints_and_offers_leave_no_gap(notifier, base, facts, handle, follow):
    stream = await follow(base, "/v1/events", facts.account_id)
    notifier.hints.receive(b"not json")
    notifier.hints.receive(json.dumps({facts.account_id.hex: 0}).encode())
    await handle(notifier, facts.purchased())
    assert (await stream.event())["id"] == "1"
    offer, held_back = notifier.hub.offer, []
    notifier.hub.offer = lambda events: held_back.append(events) or {}
    for _ in range(3):
        await handle(notifier, facts.purchased())
    for events in (held_back[2], held_back[0], held_back[1], held_back[2]):
        offer(events)
    assert [event["id"] for event in await stream.events(3)] == ["2", "3", "4"]
    with pytest.raises(TimeoutError):
        await stream.event(0.2)


async def test_refuses_strangers_and_nonsense(notifier, base, get, facts):
    assert (await get(base, "/v1/events", None)).status_code == 401
    forged = {"X-Atelier-Identity": "e30.e30.e30"}
    assert (await get(base, "/v1/events/log", None, **forged)).status_code == 401
    response = await get(base, "/v1/events", facts.account_id, **{"Last-Event-ID": "x"})
    assert (response.status_code, response.json()["code"]) == (422, "VALIDATION_FAILED")


async def test_openapi_names_the_event_models(notifier):
    schema = notifier.app.openapi()
    content = schema["paths"]["/v1/events"]["get"]["responses"]["200"]["content"]
    assert list(content) == ["text/event-stream"]
    data = content["text/event-stream"]["schema"]["properties"]["data"]
    assert {"$ref": "#/components/schemas/ServerEvent"} in data["contentSchema"]["anyOf"]
    names = schema["components"]["schemas"]
    assert {"JobProgressEvent", "JobChargedEvent", "PurchaseCompletedEvent", "EventPage"} <= names.keys()
    assert names["ServerEvent"]["discriminator"]["propertyName"] == "type"
    assert len(names["ServerEvent"]["discriminator"]["mapping"]) == 14


async def test_places_pass_by_without_a_trace_and_are_overtaken_by_events(
    notifier, base, facts, other_facts, handle, follow, log_of
):
    job_id, other_job = new_id(), new_id()
    await handle(notifier, facts.submitted(job_id))
    everything = await follow(base, "/v1/events", facts.account_id)
    one = await follow(base, _path(job_id), facts.account_id)
    assert (await one.event())["event"] == "job.submitted"
    stranger = await follow(base, "/v1/events", other_facts.account_id)

    def place(of, position):
        return Place(facts.account_id, of, position, 1.0, 2.0, 3.0, 4.0)

    notifier.places.receive(encode_places([place(job_id, 7), place(other_job, 9), place(job_id, 5)]))
    notifier.places.receive(b"nonsense")

    (told, other), mine = await everything.events(2), await one.event()
    assert told == mine
    assert (told["event"], "id" in told) == ("job.position", False)
    assert json.loads(told["data"]) == {
        "job_id": to_text("job", job_id),
        "position": 5,
        "wait": {"start_seconds_p50": 1, "start_seconds_p90": 2, "duration_seconds_p50": 3, "duration_seconds_p90": 4},
    }
    assert json.loads(other["data"])["position"] == 9

    notifier.places.receive(encode_places([place(job_id, 4)]))
    await handle(notifier, facts.started(job_id))
    assert (await one.event())["event"] in {"job.started", "job.position"}
    await handle(notifier, other_facts.submitted(new_id()))
    assert (await stranger.event())["event"] == "job.submitted", "nobody hears of others' places"
    assert [row.type for row in await log_of(notifier, facts.account_id)] == ["job.submitted", "job.started"]


def test_a_listener_keeps_few_whispers_and_forgets_what_events_overtake(notifier, facts):
    listener = notifier.hub.join(facts.account_id)
    ids = [new_id() for _ in range(WHISPERS_MAX + 10)]
    for job_id in ids:
        notifier.hub.whisper(facts.account_id, job_id, b"x")
    listener.forget(ids[0])
    assert listener.take_whispers(None) == b"x" * (WHISPERS_MAX - 1)
    assert listener.take_whispers(None) == b""
    notifier.hub.leave(listener)
