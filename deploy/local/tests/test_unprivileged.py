"""PostgreSQL as root and as an ordinary user: nobody's directories change, and what cannot be reached moves."""

import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from atelier_local import postgres, unprivileged
from atelier_local.fork import Child, fork_child
from atelier_local.home import Home, HomeError
from atelier_local.ports import Reservations

from .homes import MakeStack, sql, wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def open_directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def sealed_directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def nobody() -> unprivileged.Identity:
    found = unprivileged.server_identity(Path("/nonexistent"))
    assert found
    return found


@as_root
def test_root_under_a_sealed_parent_keeps_data_elsewhere(make_stack: MakeStack, sealed_directory: Path) -> None:
    stack = make_stack(home=sealed_directory / "home").start()
    sql(stack, "INSERT INTO note VALUES ('kept')")
    data = unprivileged.shared_directory(nobody()) / f"atelier-{stack.home.digest}" / "postgres"
    assert stat.S_IMODE(sealed_directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert data.stat().st_uid == nobody().uid
    assert data.parent.stat().st_uid == 0
    assert str(data) in stack.log_tail("supervisor")
    stack.stop()
    assert sql(stack.start(), "SELECT body FROM note") == "kept"
    stack.destroy()
    assert not data.parent.exists()


@as_root
def test_root_refuses_a_data_directory_somebody_else_prepared(
    sealed_directory: Path, open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "shared_directory", lambda _identity: open_directory)
    home = Home(sealed_directory)
    planted = open_directory / f"atelier-{home.digest}"
    planted.mkdir()
    os.chown(planted, nobody().uid, nobody().gid)
    with pytest.raises(HomeError, match="not ours alone"):
        postgres.locate(home, 5432, print)


@as_root
def test_binaries_under_a_sealed_parent_are_copied_once(
    sealed_directory: Path, open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed_install = _copy_install(sealed_directory)
    monkeypatch.setattr(postgres, "installed", lambda: sealed_install)
    monkeypatch.setattr(postgres, "shared_directory", lambda _identity: open_directory)
    home = Home(open_directory / "home")
    home.create()
    first = postgres.locate(home, _free_port(), print)
    assert first.binaries.is_relative_to(open_directory)
    assert first.binaries.stat().st_uid == 0
    first.initialise("secret")
    _run_until_ready(first, home.path)
    assert postgres.locate(home, first.port, print) == first
    assert stat.S_IMODE(sealed_directory.stat().st_mode) == 0o700


@as_root
def test_data_of_an_ordinary_user_is_served_as_that_user(open_directory: Path) -> None:
    home = Home(open_directory / "home")
    home.create()
    home.postgres.mkdir()
    os.chown(home.postgres, 4242, 4243)
    assert unprivileged.server_identity(home.postgres) == unprivileged.Identity(4242, 4243)


@as_root
def test_ordinary_user_runs_postgres_as_themselves(open_directory: Path) -> None:
    """In a fork that has dropped root for good: a home of mode 0700, a path with spaces."""
    install = _copy_install(open_directory)
    place = open_directory / "some one"
    place.mkdir(mode=0o700)
    os.chown(place, nobody().uid, nobody().gid)

    def as_user() -> bool:
        postgres.installed = lambda: install  # a fork's own copy
        home = Home(place / "home")
        home.create()
        database = postgres.locate(home, _free_port(), print)
        assert database.identity is None
        database.initialise("secret")
        assert database.data.stat().st_mode & 0o077 == 0
        _run_until_ready(database, home.path)
        return True

    assert nobody().can(as_user)


def test_ordinary_user_is_told_whose_home_it_is(open_directory: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a home that is not ours")
    home = Home(open_directory / "home")
    home.create()
    messages: list[str] = []

    def as_user() -> bool:
        try:
            home.create()
        except HomeError as error:
            messages.append(str(error))
        return bool(messages) and "ATELIER_HOME" in messages[0]

    assert nobody().can(as_user)


def test_interrupted_initdb_is_begun_again(open_directory: Path) -> None:
    home = Home(open_directory / "home")
    home.create()
    unfinished = home.postgres.with_name("postgres.new")
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("half")
    database = postgres.locate(home, _free_port(), print)
    database.initialise("secret")
    assert (database.data / "PG_VERSION").read_text() == "18\n"
    assert [path.name for path in database.data.parent.iterdir() if path.name.startswith(".")] == []


def _copy_install(target: Path) -> Path:
    source = postgres.installed()
    shutil.copytree(source, target / source.name, symlinks=True)
    libraries = source.with_name(f"{source.name}.libs")
    shutil.copytree(libraries, target / libraries.name)
    return target / source.name


def _free_port() -> int:
    from atelier_local.ports import _random_port

    reservations = Reservations()
    try:
        return _random_port(reservations)
    finally:
        reservations.close()


def _run_until_ready(database: postgres.Postgres, home: Path) -> None:
    execute: Callable[[Callable[[], None]], None] = partial(postgres.Postgres.execute, database)
    pid = fork_child(Child("postgres", execute, {}, home / "postgres.log", signal.SIGQUIT), lambda: None)
    try:
        wait_until(lambda: database.ready(pid), 20, "not ready")
    finally:
        os.kill(pid, signal.SIGINT)
        os.waitpid(pid, 0)
