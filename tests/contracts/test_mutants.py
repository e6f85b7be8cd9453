"""Every safeguard is where `make mutants` takes it away, and its judge tells a survivor from a broken test."""

import ast
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"scripts.{name}", ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


mutations = _script("mutations")
mutants = _script("mutants")


def test_every_safeguard_is_where_it_is_taken_away() -> None:
    assert mutants.misplaced(ROOT) == []


def test_names_are_unique_and_every_mutation_changes_something() -> None:
    assert len({mutation.name for mutation in mutations.MUTATIONS}) == len(mutations.MUTATIONS) >= 12
    for mutation in mutations.MUTATIONS:
        assert mutation.anchor != mutation.instead
        assert mutation.tests


@pytest.mark.parametrize("mutation", mutations.MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutant_is_still_a_program(mutation: Any) -> None:
    text = mutants.mutated((ROOT / mutation.file).read_text(), mutation)
    if mutation.file.endswith(".py"):
        ast.parse(text)


def test_a_safeguard_that_moved_and_a_test_that_went_are_named(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("guard()\nguard()\n")
    (tmp_path / "test_code.py").write_text("def test_guard():\n    pass\n")
    broken = [
        mutations.Mutation("twice", "code.py", "guard()", "", ("test_code.py::test_guard",)),
        mutations.Mutation("nowhere", "code.py", "fence()", "", ("test_code.py::test_fence",)),
        mutations.Mutation("no-file", "gone.py", "x", "", ("test_gone.py",)),
    ]
    problems = mutants.misplaced(tmp_path, broken)
    assert len(problems) == 5
    assert [problem for problem in problems if "twice" in problem] == ["twice: its anchor stands 2 times in code.py"]


@pytest.mark.parametrize(
    ("counts", "exit_code", "expected"),
    [
        ('tests="3" failures="1" errors="0"', 1, "noticed"),
        ('tests="3" failures="0" errors="0"', 0, "passed"),
        ('tests="3" failures="0" errors="2"', 1, "broken: 2 errors, exit code 1"),
        ('tests="0" failures="0" errors="0"', 5, "broken: 0 errors, exit code 5"),
        ('tests="0" failures="0" errors="0"', 0, "no tests"),
    ],
)
def test_only_a_failed_test_counts_as_noticed(counts: str, exit_code: int, expected: str) -> None:
    assert mutants.verdict(f"<testsuites><testsuite {counts}/></testsuites>", exit_code) == expected


def test_a_safeguard_is_away_during_its_hunt_and_back_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "code.py"
    file.write_text("guard()\n")
    mutation = mutations.Mutation("one", "code.py", "guard()", "pass", ("test_code.py",))
    seen = []

    def interrupted(tree: Path, tests: tuple[str, ...], *, stop_at_first: bool) -> str:
        seen.append(file.read_text())
        raise KeyboardInterrupt

    monkeypatch.setattr(mutants, "run_tests", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mutants.hunt(tmp_path, mutation)
    assert seen == ["pass\n"]
    assert file.read_text() == "guard()\n"
