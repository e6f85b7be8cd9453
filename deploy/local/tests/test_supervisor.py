"""What the supervisor promises about processes: order, restarts, and that nothing is ever left behind."""

import json
import os
import signal
import socket
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis

from atelier_local.processes import ProcessSpec
from atelier_local.stack import Stack, StackError

from .homes import ECHO, MakeStack, processes_of, sql, wait_until

WORKER = ProcessSpec("second", "echo", ports={"ECHO_PORT": "second"}, ready_port="second")
BROKEN = ProcessSpec("broken", "broken")
CLOSED_SECONDS = 20.0


def ask(stack: Stack, name: str = "echo") -> dict[str, Any]:
    with urllib.request.urlopen(stack.urls[name], timeout=5) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
        return found


def test_starts_and_stops_without_leaving_a_process(make_stack: MakeStack) -> None:
    stack = make_stack().start()
    assert set(stack.state().processes) == {"postgres", "valkey", "echo"}  # type: ignore[union-attr]
    assert sql(stack, "SELECT count(*) FROM note") == "0"
    assert len(processes_of(stack.home.path)) > 5
    stack.stop()
    wait_until(lambda: not processes_of(stack.home.path), 3, "something survived")
    assert not stack.home.run_file.exists()


def test_children_are_forked_apart_and_keep_nothing_of_the_parent(make_stack: MakeStack) -> None:
    stack = make_stack(processes=[ECHO, WORKER], preload=True).start()
    first, second = ask(stack, "echo"), ask(stack, "second")
    assert first["ppid"] == stack.pid("supervisor")
    assert first["session"] == first["pid"]
    assert first["preloaded"]
    assert first["uuid"] != second["uuid"], "forks must not share their random numbers"
    assert first["descriptors"] <= 8
    assert "echo started" in stack.log_tail("echo")


@pytest.mark.parametrize("preload", [False, True])  # preloading renews the guard
def test_kill_of_the_supervisor_leaves_no_process(make_stack: MakeStack, preload: bool) -> None:
    stack = make_stack(preload=preload).start()
    sql(stack, "INSERT INTO note VALUES ('kept')")
    stack.kill("supervisor")
    wait_until(lambda: not processes_of(stack.home.path), CLOSED_SECONDS, "something survived")
    stack.start()
    assert sql(stack, "SELECT body FROM note") == "kept"


def test_kill_of_supervisor_and_guard_leaves_no_process(make_stack: MakeStack) -> None:
    stack = make_stack().start()
    guards = [line for line in processes_of(stack.home.path) if line.endswith("atelier-guard")]
    os.kill(int(guards[0].split()[0]), signal.SIGKILL)
    wait_until(
        lambda: [one for one in processes_of(stack.home.path) if one.endswith("guard")] not in ([], guards),
        5,
        "no new guard",
    )
    stack.kill("supervisor")
    wait_until(lambda: not processes_of(stack.home.path), CLOSED_SECONDS, "something survived")


def test_one_interrupt_to_the_terminal_group_stops_everything_in_order(make_stack: MakeStack) -> None:
    stack = make_stack().start()
    os.killpg(stack.pid("supervisor") or 0, signal.SIGINT)
    wait_until(lambda: not stack.home.is_running(), 20, "did not stop")
    wait_until(lambda: not processes_of(stack.home.path), 3, "something survived")
    assert "database system is shut down" in stack.log_tail("postgres")


def test_second_interrupt_does_not_wait_for_the_stubborn(make_stack: MakeStack) -> None:
    stack = make_stack(env={"ECHO_STUBBORN": "1"}).start()
    stack.kill("supervisor", signal.SIGINT)
    wait_until(lambda: stack.state().phase == "stopping", 5, "did not begin to stop")  # type: ignore[union-attr]
    stack.kill("supervisor", signal.SIGINT)
    wait_until(lambda: not stack.home.is_running(), 8, "waited for the stubborn")
    wait_until(lambda: not processes_of(stack.home.path), 3, "something survived")


def test_killed_child_is_restarted_on_its_port_without_its_children(make_stack: MakeStack) -> None:
    stack = make_stack().start()
    url, count = stack.urls["echo"], len(processes_of(stack.home.path))
    before = stack.kill("echo")
    stack.wait_ready(10)
    assert stack.urls["echo"] == url
    assert stack.restarts("echo") == 1
    assert ask(stack)["pid"] != before
    wait_until(lambda: len(processes_of(stack.home.path)) == count, 5, "the dead child's children live")


@pytest.mark.parametrize("mode", ["fast", "immediate", "kill"])
def test_postgres_comes_back_with_its_data(make_stack: MakeStack, mode: Any) -> None:
    stack = make_stack().start()
    url = stack.urls["postgres"]
    sql(stack, "INSERT INTO note VALUES ('kept')")
    stack.restart_postgres(mode)
    assert stack.urls["postgres"] == url
    assert sql(stack, "SELECT body FROM note") == "kept"


def test_valkey_comes_back_with_its_data_and_policy(make_stack: MakeStack) -> None:
    stack = make_stack(processes=[]).start()
    with redis.Redis.from_url(stack.urls["valkey"]) as client:
        client.set("note", "kept")
    stack.kill_valkey()
    with redis.Redis.from_url(stack.urls["valkey"]) as client:
        assert client.get("note") == b"kept"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    with (
        redis.Redis(port=urlsplit(stack.urls["valkey"]).port or 0) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_same_ports_and_secrets_at_the_next_start(make_stack: MakeStack) -> None:
    stack = make_stack().start()
    urls, environment = stack.urls, stack.environment
    stack.stop()
    assert stack.start().urls == urls
    assert stack.environment == environment


def test_two_homes_at_once_with_the_usual_ports_taken(make_stack: MakeStack, home_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        stacks = [
            make_stack(home=home_path.with_name(f"home {number}"), preferred_ports={"echo": port}) for number in (1, 2)
        ]
        for stack in stacks:
            stack.start(wait=False)
        for stack in stacks:
            stack.wait_ready(60)
        assert len({url for stack in stacks for url in stack.urls.values()}) == 6
        stacks[0].stop()
        assert ask(stacks[1])["pid"]


def test_second_supervisor_is_refused(make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    from atelier_local import supervisor
    from atelier_local.home import HomeError

    stack = make_stack(processes=[]).start()
    monkeypatch.setattr(supervisor, "LOCK_SECONDS_MAX", 0.0)
    other = supervisor.Supervisor(stack.home, [], {}, print, supervisor.Options())
    with pytest.raises(HomeError, match="already running"):
        other.run()


def test_environment_wins_over_embedded_servers(make_stack: MakeStack, home_path: Path) -> None:
    outer = make_stack(processes=[]).start()
    urls = {"DATABASE_URL": outer.urls["postgres"], "REDIS_URL": outer.urls["valkey"]}
    inner = make_stack(home=home_path.with_name("inner"), env=urls).start()
    assert set(inner.state().processes) == {"echo"}  # type: ignore[union-attr]
    assert ask(inner)["environment"]["DATABASE_URL"] == outer.urls["postgres"]
    assert sql(outer, "SELECT count(*) FROM note") == "0"


def test_failed_migration_is_said_with_its_log(make_stack: MakeStack) -> None:
    stack = make_stack(processes=[replace(BROKEN, migrates=True)])
    with pytest.raises(StackError, match=r"migrate-broken ended with code 1(.|\n)*migrate: no such luck"):
        stack.start()
    wait_until(lambda: not processes_of(stack.home.path), 3, "something survived")


def test_service_that_never_starts_is_said_with_its_log(make_stack: MakeStack) -> None:
    with pytest.raises(StackError, match=r"broken does not start(.|\n)*all: no such luck"):
        make_stack(processes=[replace(BROKEN, ready_port="none", ports={"NONE": "none"})]).start()


def test_private_files_are_private(make_stack: MakeStack) -> None:
    stack = make_stack().start()
    for path in (stack.home.run_file, stack.home.secrets_file, stack.home.log("echo")):
        assert path.stat().st_mode & 0o077 == 0, path
