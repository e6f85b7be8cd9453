"""Reading a stream of events: the format, resuming, and the limit of time."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from atelier_local.demo.checks import DemoFailed
from atelier_local.demo.sse import Decoder, ServerEvent, follow

STREAM = ': connected\nretry: 4000\n\nid: 7\nevent: job.started\ndata: {"attempt":1}\n\n: heartbeat\n\n'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_reads_events_however_the_text_is_cut(size: int) -> None:
    decoder = Decoder()
    found = [event for at in range(0, len(STREAM), size) for event in decoder.feed(STREAM[at : at + size])]
    assert found == [ServerEvent("job.started", "7", '{"attempt":1}')]
    assert found[0].json() == {"attempt": 1}


def test_joins_data_lines_and_takes_carriage_returns() -> None:
    assert Decoder().feed("data: one\r\ndata:two\r\n\r\n") == [ServerEvent("message", "", "one\ntwo")]


def test_does_not_break_lines_where_only_python_would() -> None:
    (event,) = Decoder().feed('data: {"message":"a\u2028b\x85c"}\n\n')
    assert event.json() == {"message": "a\u2028b\x85c"}


def test_a_notice_without_id_leaves_the_resume_point() -> None:
    decoder = Decoder()
    decoder.feed("id: 7\ndata: {}\n\n")
    assert decoder.feed("event: server-draining\ndata: {}\n\n") == [ServerEvent("server-draining", "7", "{}")]


def test_refuses_an_event_without_end() -> None:
    with pytest.raises(DemoFailed, match="million"):
        Decoder().feed("data: " + "x" * 1_000_001)


def test_refuses_data_that_is_no_object() -> None:
    with pytest.raises(DemoFailed, match="list"):
        ServerEvent("job.started", "1", "[]").json()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked_after: list[str] = []
        self.stop = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    """Each connection tells one more event and breaks off; `/quiet` only beats its heart; `/none` refuses."""

    server: _Server

    def do_GET(self) -> None:
        last_id = self.headers["Last-Event-ID"]
        self.server.asked_after.append(last_id)
        self.send_response(404 if self.path == "/none" else 200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        if self.path == "/quiet":
            while not self.server.stop.wait(0.02):
                self.wfile.write(b": heartbeat\n\n")
        elif self.path == "/events":
            self.wfile.write(f"id: {int(last_id) + 1}\ndata: {{}}\n\ndata: {{}}".encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.stop.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def client(server: _Server) -> Iterator[httpx2.Client]:
    host, port = server.server_address[:2]
    with httpx2.Client(base_url=f"http://{host!s}:{port}", trust_env=False, timeout=5) as opened:
        yield opened


def test_goes_on_after_a_break_where_it_was(server: _Server, client: httpx2.Client) -> None:
    events = follow(client, "/events", after="3", seconds_max=5)
    assert [next(events).id for _ in range(3)] == ["4", "5", "6"]
    assert server.asked_after == ["3", "4", "5"]


def test_gives_up_when_there_is_nothing_but_heartbeats(client: httpx2.Client) -> None:
    began = time.monotonic()
    with pytest.raises(DemoFailed, match="did not tell the end"):
        next(follow(client, "/quiet", after="0", seconds_max=0.3))
    assert time.monotonic() - began < 2


def test_says_so_when_the_stream_is_refused(client: httpx2.Client) -> None:
    with pytest.raises(DemoFailed, match="answered 404"):
        next(follow(client, "/none", after="0", seconds_max=1))
