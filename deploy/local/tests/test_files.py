"""Ports, logs, credentials and the state file of a home."""

from pathlib import Path

import pytest

from atelier_local import logs
from atelier_local.credentials import load_credentials
from atelier_local.fork import Child
from atelier_local.home import REPOSITORY, Home, resolve_home
from atelier_local.managed import BACKOFF_MAX_SECONDS, Managed
from atelier_local.ports import Reservations, choose_ports
from atelier_local.state import ProcessState, RunState, read_state, write_state


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    return made


def test_ports_stay_the_same_while_they_are_free(home: Home) -> None:
    first = Reservations()
    ports = choose_ports(home, ["a", "b"], first, preferred={})
    first.close()
    second = Reservations()
    assert choose_ports(home, ["a", "b"], second, preferred={}) == ports
    third = Reservations()
    others = choose_ports(home, ["a", "b"], third, preferred={})
    assert not set(others.values()) & set(ports.values())
    second.close()
    third.close()


def test_taken_preferred_port_is_passed_over(home: Home) -> None:
    holder, chooser = Reservations(), Reservations()
    wanted = choose_ports(home, ["x"], holder, preferred={})["x"]
    other = Home(home.path / "other")
    other.create()
    assert choose_ports(other, ["a"], chooser, preferred={"a": wanted})["a"] != wanted
    holder.close()
    chooser.close()


def test_long_log_moves_aside_and_short_one_stays(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("one\ntwo\n")
    logs.bound(log, bytes_max=100)
    assert logs.tail(log, 1) == "two"
    logs.bound(log, bytes_max=3)
    assert log.read_text() == ""
    assert (tmp_path / "x.log.1").read_text() == "one\ntwo\n"
    assert logs.tail(tmp_path / "none.log") == ""


def test_credentials_are_made_once_and_new_ones_added(home: Home) -> None:
    first = load_credentials(home)
    assert load_credentials(home) == first
    other = Home(home.path / "other")
    other.create()
    assert load_credentials(other) != first
    assert home.secrets_file.stat().st_mode & 0o777 == 0o600


def test_state_is_read_back(home: Home) -> None:
    assert read_state(home.run_file) is None
    state = RunState("running", 7, {"gateway": "http://x"}, {"A": "b"}, {"worker": ProcessState(8, True, 2)})
    write_state(home.run_file, state)
    assert read_state(home.run_file) == state
    assert state.ready
    state.processes["worker"].ready = False
    assert not state.ready


def test_restarts_come_later_each_time_up_to_a_maximum() -> None:
    managed = Managed(Child("x", lambda _tie: None, {}, None, 9), 0, (), lambda _pid: True)
    waits = []
    for _ in range(8):
        managed.started(1)
        managed.ended()
        waits.append(managed.start_due_at - managed.started_at)
    assert waits[0] < 0.2
    assert waits == sorted(waits)
    assert BACKOFF_MAX_SECONDS - 0.1 < waits[-1] < BACKOFF_MAX_SECONDS + 0.1


def test_home_is_the_callers_or_the_repositorys(tmp_path: Path) -> None:
    assert resolve_home({"ATELIER_HOME": str(tmp_path / "my home")}).path == tmp_path / "my home"
    assert resolve_home({}).path == REPOSITORY / ".atelier"


def test_deleting_a_home_leaves_what_is_not_ours(home: Home) -> None:
    load_credentials(home)
    (home.path / "thesis.txt").write_text("mine")
    home.delete()
    assert [path.name for path in home.path.iterdir()] == ["thesis.txt"]
