"""Homes in temporary directories, with a small service of the tests' own instead of the product."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from atelier_local.home import Home
from atelier_local.stack import Stack
from atelier_local.state import write_private

from .homes import DUMMIES, ECHO, MakeStack

PASSWORD = "tests"
"""Of the cluster that the root's fixture has made."""


@pytest.fixture
def home_path() -> Iterator[Path]:
    """A path with spaces that PostgreSQL's user can reach."""
    with tempfile.TemporaryDirectory(prefix="atelier test ") as name:
        Path(name).chmod(0o711)
        yield Path(name) / "a home"


@pytest.fixture
def make_stack(home_path: Path, postgres_cluster: Path) -> Iterator[MakeStack]:
    """Makes stacks. Homes beside `home_path` find PostgreSQL's data there as initdb leaves it; others run initdb."""
    made: list[Stack] = []

    def make(*, home: Path = home_path, env: dict[str, str] | None = None, **options: object) -> Stack:
        options = {"processes": [ECHO], "preload": False, **options}
        stack = Stack(home, env_overrides={"PYTHONPATH": str(DUMMIES), **(env or {})}, **options)  # type: ignore[arg-type]
        made.append(stack)
        if home.parent == home_path.parent:
            _spare_initdb(stack.home, postgres_cluster)
        return stack

    yield make
    for stack in made:
        if stack.home.path.exists():
            stack.destroy()


def _spare_initdb(home: Home, cluster: Path) -> None:
    home.create()
    if not home.postgres.exists():
        subprocess.run(["cp", "-a", cluster, home.postgres], check=True)
        write_private(home.secrets_file, {"postgres_password": PASSWORD})
