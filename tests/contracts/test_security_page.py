"""docs/security.md names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("billing", "gateway", "generation", "notifier")


def file_of(short: str) -> Path:
    first = short.partition("/")[0]
    return ROOT / ("services" if first in SERVICES else "libs" if first == "common" else "") / short


def test_every_test_that_is_named_exists_and_every_rule_names_one() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", page)
    rules = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| rule |")]

    gone = [
        f"{short}::{name}"
        for short, name in named
        if not file_of(short).is_file() or f"def {name}(" not in file_of(short).read_text(encoding="utf-8")
    ]
    assert gone == []
    assert len(rules) > 30
    assert [line for line in rules if "::test_" not in line] == []
