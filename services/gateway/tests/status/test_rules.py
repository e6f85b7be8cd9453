"""How long a trouble is expected to last, and from when on it counts."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.status.rules import Component, Finding, expected_end, next_sight

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OK, DOWN, UNKNOWN = Finding("ok"), Finding("down", "Does not answer."), Finding("unknown")


@pytest.mark.parametrize(
    ("lasted", "more"),
    [
        (timedelta(0), timedelta(minutes=1)),
        (timedelta(minutes=7), timedelta(minutes=7)),
        (timedelta(days=2), timedelta(hours=4)),
    ],
)
def test_a_trouble_lasts_about_as_long_again_within_bounds(lasted: timedelta, more: timedelta) -> None:
    assert expected_end(NOON - lasted, NOON) == NOON + more


def test_a_trouble_counts_from_its_first_sight_until_it_is_seen_to_be_over() -> None:
    first = next_sight(None, "redis", DOWN, NOON)
    second = next_sight(first, "redis", UNKNOWN, NOON + timedelta(minutes=5))
    over = next_sight(second, "redis", OK, NOON + timedelta(minutes=6))
    again = next_sight(over, "redis", DOWN, NOON + timedelta(minutes=7))

    assert (first.since, second.since, over.since) == (NOON, NOON, None)
    assert second.expected_end_at() == NOON + timedelta(minutes=10)
    assert over.expected_end_at() is None
    assert again.since == NOON + timedelta(minutes=7)


def test_a_component_that_is_well_from_the_start_has_no_trouble() -> None:
    assert next_sight(None, "api", OK, NOON) == Component("api", OK, NOON)
