"""Homes in temporary directories, with a small service of the tests' own instead of the product."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from atelier_local.stack import Stack

from .homes import DUMMIES, ECHO, MakeStack


@pytest.fixture
def home_path() -> Iterator[Path]:
    """A path with spaces that PostgreSQL's user can reach."""
    with tempfile.TemporaryDirectory(prefix="atelier test ") as name:
        Path(name).chmod(0o711)
        yield Path(name) / "a home"


@pytest.fixture
def make_stack(home_path: Path) -> Iterator[MakeStack]:
    made: list[Stack] = []

    def make(*, home: Path = home_path, env: dict[str, str] | None = None, **options: object) -> Stack:
        options = {"processes": [ECHO], "preload": False, **options}
        stack = Stack(home, env_overrides={"PYTHONPATH": str(DUMMIES), **(env or {})}, **options)  # type: ignore[arg-type]
        made.append(stack)
        return stack

    yield make
    for stack in made:
        if stack.home.path.exists():
            stack.destroy()
