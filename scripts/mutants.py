"""Takes one safeguard away at a time and demands that a test notices: `python -m scripts.mutants [name ...]`.

Works on a copy of the tree. A mutant that survives, a safeguard that is not where it is said to be, or a test that
fails already without a mutation makes it fail. `--check` looks only whether every safeguard is where it is said to be.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[1]
SECONDS_MAX = 300.0
_LEFT_OUT = (".git", ".venv", ".atelier", ".*_cache", "__pycache__", ".hypothesis", "node_modules", ".env")
_WATCHDOG = """
import importlib.util, os, sys


def pytest_configure(config):
    for package in ("common", "gateway", "billing", "generation", "notifier"):
        origin = importlib.util.find_spec(package).origin
        if not origin.startswith(os.environ["MUTANTS_TREE"] + os.sep):
            sys.exit(f"{package} is imported from {origin}, not from the copy")
"""


class Misplaced(LookupError):
    """A safeguard is not, or not only once, where a mutation looks for it."""


def mutated(text: str, mutation: Mutation) -> str:
    """A file's text without its safeguard.

    Raises:
        Misplaced: the anchor does not stand in it exactly once.
    """
    times = text.count(mutation.anchor)
    if times != 1:
        raise Misplaced(f"{mutation.name}: its anchor stands {times} times in {mutation.file}")
    return text.replace(mutation.anchor, mutation.instead)


def misplaced(root: Path = ROOT, mutations: Collection[Mutation] = MUTATIONS) -> list[str]:
    """What keeps mutations from being applied to a tree; an empty list is the only good answer."""
    found = []
    for mutation in mutations:
        file = root / mutation.file
        try:
            mutated(file.read_text(), mutation)
        except (Misplaced, FileNotFoundError) as error:
            found.append(str(error))
        for test in mutation.tests:
            path, _, name = test.partition("::")
            if not (root / path).is_file():
                found.append(f"{mutation.name}: there is no {path}")
            elif f"def {name.partition('[')[0]}(" not in (root / path).read_text() and name:
                found.append(f"{mutation.name}: there is no test {test}")
    return found


def run_tests(tree: Path, tests: Sequence[str], *, stop_at_first: bool) -> str:
    """Run tests of a copied tree; answers `passed`, `noticed` (a test failed) or what else went wrong twice.

    A server that did not come up in time on a busy machine is no verdict on the tests.
    """
    outcome = ""
    for _ in range(2):
        outcome = _run_once(tree, tests, stop_at_first)
        if outcome in ("passed", "noticed"):
            break
    return outcome


def _run_once(tree: Path, tests: Sequence[str], stop_at_first: bool) -> str:
    report = tree / "report.xml"
    report.unlink(missing_ok=True)
    stop = ["-x"] if stop_at_first else []
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "mutants_watchdog", "-p", "no:cacheprovider",
        f"--junitxml={report}", *stop, *tests,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=tree, env=_environment(tree), capture_output=True, text=True, timeout=SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end within {SECONDS_MAX:.0f} s"
    if not report.exists():
        return f"no report: {(done.stderr or done.stdout).strip()[-300:]}"
    return verdict(report.read_text(), done.returncode)


def verdict(junit: str, exit_code: int) -> str:
    """Read pytest's report: a failed assertion is what counts, not a fixture or an import that broke."""
    suites = list(ET.fromstring(junit).iter("testsuite"))  # noqa: S314 - written by the pytest we started
    failures, errors, tests = (
        sum(int(suite.get(name, "0")) for suite in suites) for name in ("failures", "errors", "tests")
    )
    if failures:
        return "noticed"
    if errors or exit_code not in (0, 1):
        return f"broken: {errors} errors, exit code {exit_code}"
    return "passed" if tests else "no tests"


@contextmanager
def copied_tree() -> Iterator[Path]:
    """A copy of the tree that is imported instead of it."""
    with tempfile.TemporaryDirectory(prefix="atelier-mutants-") as folder:
        Path(folder).chmod(0o711)  # as root the database server runs as somebody else, who must pass through
        tree = Path(folder).resolve() / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
        (tree / "mutants_watchdog.py").write_text(_WATCHDOG)
        yield tree


def _environment(tree: Path) -> dict[str, str]:
    sources = sorted(
        str(path) for pattern in ("libs/*/src", "services/*/src", "deploy/*/src") for path in tree.glob(pattern)
    )
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tree), *sources]),
        "PYTHONDONTWRITEBYTECODE": "1",  # a file changed twice within a second would pass for unchanged
        "MUTANTS_TREE": str(tree),
        "CI": "1",
    }


def hunt(tree: Path, mutation: Mutation) -> str:
    """Apply a mutation to the copy, run its tests, take it back; answers as `run_tests` does."""
    file = tree / mutation.file
    original = file.read_text()
    file.write_text(mutated(original, mutation))
    try:
        return run_tests(tree, mutation.tests, stop_at_first=True)
    finally:
        file.write_text(original)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="only these mutations")
    parser.add_argument("--check", action="store_true", help="only look whether all mutations can be applied")
    options = parser.parse_args(arguments)
    chosen = [mutation for mutation in MUTATIONS if not options.names or mutation.name in options.names]
    if unknown := set(options.names) - {mutation.name for mutation in chosen}:
        parser.error(f"there is no mutation {', '.join(sorted(unknown))}")
    if problems := misplaced(mutations=chosen):
        print(*problems, sep="\n")
        return 1
    return 0 if options.check else _hunt_all(chosen)


def _hunt_all(chosen: Sequence[Mutation]) -> int:
    survivors = []
    started = time.monotonic()
    with copied_tree() as tree:
        tests = sorted({test for mutation in chosen for test in mutation.tests})
        untouched = run_tests(tree, tests, stop_at_first=False)
        print(f"{'(nothing taken away)':32} {untouched:10} {time.monotonic() - started:5.1f} s", flush=True)
        if untouched != "passed":
            print("the tests must pass before anything is taken away")
            return 1
        for mutation in chosen:
            began = time.monotonic()
            outcome = hunt(tree, mutation)
            if outcome != "noticed":
                survivors.append(mutation.name)
            shown = {"passed": "SURVIVED"}.get(outcome, outcome)
            print(f"{mutation.name:32} {shown:10} {time.monotonic() - began:5.1f} s", flush=True)
    seconds = time.monotonic() - started
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants noticed in {seconds:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
