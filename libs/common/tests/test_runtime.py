"""Real processes, real signals. They are forked from one that has the imports done: those took most of the time."""

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager

import httpx2
import pytest

START = """
import os, sys, warnings
os.environ.update(environment)
os.dup2(os.open(output, os.O_WRONLY), 1)
os.dup2(1, 2)
sys.stdout.reconfigure(line_buffering=True)
warnings.simplefilter("error", RuntimeWarning)
"""
PROGRAM = """
import asyncio, time
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from common.http.app import create_app
from common.runtime import Process, run_process
from common.settings import CommonSettings, SettingsError, load_settings

router = APIRouter()

@router.get("/events")
async def events(request: Request):
    async def stream():
        yield b": hello\\n\\n"
        await request.app.state.stopping.wait()
        yield b"event: bye\\n\\n"
    return StreamingResponse(stream(), media_type="text/event-stream")

@router.get("/stubborn")
async def stubborn():
    async def stream():
        while True:
            yield b": still here\\n\\n"
            await asyncio.sleep(0.05)
    return StreamingResponse(stream(), media_type="text/event-stream")

@router.get("/slow")
async def slow():
    await asyncio.sleep(1)
    return {"done": True}

def say(text):
    print("SAY " + text, flush=True)

async def forever():
    try:
        await asyncio.Event().wait()
    finally:
        say("task cancelled")

async def served(process):
    process.stack.callback(say, "resource closed")
    process.spawn("forever", forever)
    async def before(): say("before stop")
    process.before_stop(before)
    about = {"service": "demo", "title": "t", "version": "1"}
    app = create_app(settings=process.settings, routers=[router], readiness={}, **about)
    say(f"port {await process.serve(app, '127.0.0.1', 0)}")
    await process.run_until_stopped()
    say("main ended")
"""


_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["common.http.app", "common.runtime"])


class Program:
    """A process of its own, as `subprocess.Popen` shows one."""

    def __init__(self, code, environment, output):
        os.mkfifo(output)
        names = {"__name__": "__main__", "environment": environment, "output": str(output)}
        self._process = _forks.Process(target=exec, args=(START + code, names))
        self._process.start()
        self.stdout = output.open()

    @property
    def returncode(self):
        return self._process.exitcode

    def send_signal(self, number):
        os.kill(self._process.pid, number)

    def communicate(self, timeout):
        output = self.stdout.read()
        self.wait(timeout)
        return output, None

    def wait(self, timeout):
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("the program", timeout)
        return self._process.exitcode

    def close(self):
        self._process.kill()
        self._process.join()
        self.stdout.close()
        self._process.close()


@pytest.fixture
def running(tmp_path):
    @contextmanager
    def start(ending, **env):
        code = PROGRAM + ending + "\nrun_process('demo', load_settings(CommonSettings), main)\n"
        program = Program(code, {"REDIS_URL": "redis://127.0.0.1/0", **env}, tmp_path / "output")
        try:
            yield program
        finally:
            program.close()

    return start


def said(process, start):
    for line in process.stdout:
        if line.startswith("SAY " + start):
            return line.removeprefix("SAY " + start).strip()
    raise AssertionError("the process ended without saying it")


def stop(process, number=signal.SIGTERM, within=8):
    """The exit code, the seconds it took, and what was printed."""
    started = time.monotonic()
    process.send_signal(number)
    output, _ = process.communicate(timeout=within)
    return process.returncode, time.monotonic() - started, output


def client(port):
    return httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=5)


def words(output):
    return [line.removeprefix("SAY ") for line in output.splitlines() if line.startswith("SAY ")]


def test_sigterm_ends_open_streams_and_closes_all_in_order(running):
    with running("main = served") as process:
        port = said(process, "port ")
        with client(port) as http, http.stream("GET", "/events") as answer:
            lines = answer.iter_lines()
            assert next(lines) == ": hello"
            process.send_signal(signal.SIGTERM)
            assert "event: bye" in list(lines)
        started = time.monotonic()
        output, _ = process.communicate(timeout=8)
        assert process.returncode == 0
        assert time.monotonic() - started < 2
        assert words(output) == ["before stop", "task cancelled", "main ended", "resource closed"]


def test_a_stream_that_ignores_the_drain_is_cut_in_time(running):
    with running("main = served", DRAIN_SECONDS="2") as process:
        port = said(process, "port ")
        with client(port) as http, http.stream("GET", "/stubborn") as answer:
            lines = answer.iter_lines()
            next(lines)
            code, seconds, output = stop(process)
        assert code == 0
        assert 0.9 < seconds < 3.5
        assert words(output)[-1] == "resource closed"


def test_a_running_request_is_answered_during_the_drain(running):
    with running("main = served", DRAIN_SECONDS="6") as process:
        port = int(said(process, "port "))
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n")
            time.sleep(0.3)
            code, _, _ = stop(process)
            assert b'{"done":true}' in connection.recv(4096)
        assert code == 0


def test_readiness_turns_false_while_still_answering(running):
    with running("main = served", DRAIN_DELAY_SECONDS="1") as process:
        port = said(process, "port ")
        with client(port) as http:
            assert http.get("/readyz").status_code == 200
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            assert http.get("/readyz").status_code == 503
            assert http.get("/livez").status_code == 200
        assert process.wait(timeout=5) == 0


def test_a_second_signal_stops_waiting(running):
    with running("main = served", DRAIN_SECONDS="30") as process:
        port = said(process, "port ")
        with client(port) as http, http.stream("GET", "/stubborn") as answer:
            lines = answer.iter_lines()
            next(lines)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            code, seconds, output = stop(process, signal.SIGINT)
        assert seconds < 3
        assert code == 0
        assert words(output)[-1] == "resource closed"


def test_a_blocked_process_is_ended_by_the_watchdog(running):
    ending = """
async def main(process):
    async def block():
        say("blocking")
        time.sleep(60)
    process.before_stop(block)
    say("ready")
    await process.run_until_stopped()
"""
    with running(ending, DRAIN_SECONDS="0.5") as process:
        said(process, "ready")
        code, seconds, output = stop(process)
        assert code == 70
        assert seconds < 6
        assert "in block" in output


def test_a_signal_during_set_up_ends_the_process(running):
    ending = """
async def main(process):
    process.stack.callback(say, "closed")
    say("setting up")
    await asyncio.sleep(60)
"""
    with running(ending) as process:
        said(process, "setting up")
        code, seconds, output = stop(process)
        assert (code, words(output)) == (0, ["closed"])
        assert seconds < 2


@pytest.mark.parametrize(
    ("statement", "expected_code", "expected_text"),
    [
        ("raise SettingsError('FOO must be set')", 2, "configuration error: FOO must be set"),
        ("raise ValueError('bug')", 1, "process_failed"),
        ("say('did it')", 0, "SAY did it"),
    ],
)
def test_exit_codes(running, statement, expected_code, expected_text):
    with running(f"async def main(process):\n    {statement}\n") as process:
        output, _ = process.communicate(timeout=10)
        assert process.returncode == expected_code
        assert expected_text in output


def test_a_taken_port_is_named(running):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(f"async def main(process):\n    await process.serve(None, '127.0.0.1', {port})\n") as process:
            output, _ = process.communicate(timeout=10)
            assert process.returncode == 1
            assert f"cannot listen on 127.0.0.1:{port}" in output


def test_a_lifespan_that_raises_fails_the_process(running):
    ending = """
from contextlib import asynccontextmanager

@asynccontextmanager
async def lifespan(app):
    raise ValueError("no start")
    yield

async def main(process):
    app = create_app(service="d", settings=process.settings, routers=[], readiness={}, title="t", version="1",
                     lifespan=lifespan)
    await process.serve(app, "127.0.0.1", 0)
"""
    with running(ending) as process:
        output, _ = process.communicate(timeout=10)
        assert process.returncode == 1
        assert "no start" in output
        assert all(json.loads(line) for line in output.splitlines())


def test_a_failing_critical_task_makes_the_process_not_ready(running):
    ending = """
async def broken():
    raise RuntimeError("broken")

async def main(process):
    process.spawn("broken", broken)
    await served(process)
"""
    with running(ending) as process:
        port = said(process, "port ")
        with client(port) as http:
            deadline = time.monotonic() + 3
            while (answer := http.get("/readyz")).status_code == 200 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert answer.json() == {"status": "not_ready", "parts": {"task:broken": "failed"}}
        assert stop(process)[0] == 0


def test_a_started_process_leaves_what_its_start_made_to_itself(running):
    ending = """
import gc
async def main(process):
    async def before(): say(f"frozen {gc.get_freeze_count() > 0}")
    process.before_stop(before)
    say(f"starting {gc.get_freeze_count() > 0}")
    process.request_stop()
    await process.run_until_stopped()
"""
    with running(ending) as process:
        output, _ = process.communicate(timeout=8)
        assert words(output) == ["starting False", "frozen True"]
