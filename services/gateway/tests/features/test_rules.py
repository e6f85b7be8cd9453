"""What operators may write, and what it amounts to."""

from datetime import UTC, datetime
from typing import Any

import pytest

from common.events.features import Features, Notice
from gateway.features.rules import InvalidSwitch, Switch, compose, read_switch

UNTIL = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


def test_without_switches_nothing_is_off() -> None:
    assert compose(0, []) == Features()


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("read-only", "on", {"read_only": Notice(text="told", until=UNTIL)}),
        ("read-only", "off", {}),
        ("sign-up", "off", {"sign_up_closed": Notice(text="told", until=UNTIL)}),
        ("sign-up", "on", {}),
        ("kind.upscale", "off", {"kinds_off": {"upscale": Notice(text="told", until=UNTIL)}}),
        ("kind.upscale", "on", {}),
        ("tight-limits", "0.25", {"limits_factor": 0.25}),
        ("tight-limits", "1", {}),
        ("incident", "Slow pictures.", {"incident": Notice(text="Slow pictures.", until=UNTIL)}),
    ],
)
def test_a_switch_does_what_it_says_and_nothing_else(key: str, value: str, expected: dict[str, Any]) -> None:
    assert compose(3, [read_switch(key, value, "told", UNTIL)]) == Features(version=3, **expected)


def test_the_public_is_told_something_also_where_the_operator_said_nothing() -> None:
    features = compose(1, [read_switch("read-only", "on"), read_switch("kind.upscale", "off")])

    assert features.read_only is not None
    assert len(features.read_only.text) > 20
    assert len(features.kinds_off["upscale"].text) > 20


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("read_only", "on"),
        ("kind.", "off"),
        ("", "on"),
        ("read-only", "true"),
        ("sign-up", ""),
        ("tight-limits", "0"),
        ("tight-limits", "1.5"),
        ("tight-limits", "-1"),
        ("tight-limits", "nan"),
        ("tight-limits", "off"),
        ("incident", ""),
        ("incident", "x" * 301),
    ],
)
def test_refuses_what_cannot_be(key: str, value: str) -> None:
    with pytest.raises(InvalidSwitch):
        read_switch(key, value)


@pytest.mark.parametrize(
    "switch",
    [
        Switch("from-the-future", True),
        Switch("read-only", "yes"),
        Switch("tight-limits", 7),
        Switch("tight-limits", "half"),
        Switch("incident", None),
        Switch("kind.", False),
    ],
)
def test_one_row_that_makes_no_sense_leaves_its_default_and_the_rest_in_force(switch: Switch) -> None:
    assert compose(1, [switch, Switch("read-only", True, "told")]) == Features(version=1, read_only=Notice(text="told"))
