"""A trace as a tree: what is drawn, and what is refused as broken."""

from typing import Any

import pytest

from atelier_local.demo.trace_tree import TraceBroken, build_tree, duration_text, prune, tree_rows


def span(span_id: str, parent: str | None, name: str, service: str, start_ms: int, end_ms: int) -> dict[str, Any]:
    return {
        "span_id": span_id,
        "parent_span_id": parent,
        "name": name,
        "service": service,
        "start_unix_nano": 1_795_251_480_000_000_000 + start_ms * 1_000_000,
        "end_unix_nano": 1_795_251_480_000_000_000 + end_ms * 1_000_000,
        "status": "error" if "make" in name else "unset",
    }


SPANS = [
    span("d", "c", "image.make openai/model", "generation-worker", 20, 1520),
    span("a", None, "POST /v1/jobs/{kind}", "gateway", 0, 45),
    span("c", "b", "run text-to-design", "generation-worker", 15, 1600),
    span("b", "a", "process job.submitted", "billing", 10, 12),
    span("e", "a", "process job.submitted", "notifier", 5, 6),
]


def test_draws_the_tree_in_order_of_start() -> None:
    rows = [str(row) for row in tree_rows(build_tree(SPANS), 76)]
    assert rows == [
        "service           span                                          at      took",
        "gateway           POST /v1/jobs/{kind}                      0.0 ms   45.0 ms",
        "notifier          ├─ process job.submitted                  5.0 ms    1.0 ms",
        "billing           └─ process job.submitted                 10.0 ms    2.0 ms",
        "generation-worker    └─ run text-to-design                 15.0 ms    1.58 s",
        "generation-worker       └─ image.make openai/model ✗       20.0 ms    1.50 s",
    ]


@pytest.mark.parametrize("width", [60, 76, 100])
def test_every_row_is_as_wide_as_asked(width: int) -> None:
    long_name = span("f", "d", "call " + "x" * 200, "a service with a very long name", 30, 40)
    assert {len(str(row)) for row in tree_rows(build_tree([*SPANS, long_name]), width)} == {width}


def test_refuses_an_orphan_and_names_it() -> None:
    with pytest.raises(TraceBroken, match="the parent is missing of 1 spans: notifier: smtp send"):
        build_tree([*SPANS, span("z", "gone", "smtp send", "notifier", 50, 60)])


def test_refuses_two_roots_and_names_them() -> None:
    with pytest.raises(TraceBroken, match=r"2 roots instead of one: gateway: POST .*, notifier: smtp send"):
        build_tree([*SPANS, span("z", None, "smtp send", "notifier", 50, 60)])


def test_refuses_a_trace_without_spans() -> None:
    with pytest.raises(TraceBroken, match="0 roots"):
        build_tree([])


def test_refuses_spans_that_are_their_own_ancestors() -> None:
    circle = [span("x", "y", "one", "billing", 1, 2), span("y", "x", "two", "billing", 1, 2)]
    with pytest.raises(TraceBroken, match="2 spans are their own ancestors"):
        build_tree([*SPANS, *circle])


def test_refuses_a_span_exported_twice() -> None:
    with pytest.raises(TraceBroken, match="1 spans were exported twice"):
        build_tree([*SPANS, SPANS[0]])


def test_pruning_keeps_what_leads_to_the_wanted() -> None:
    kept = prune(build_tree(SPANS), lambda node: node.service == "generation-worker")
    assert kept is not None
    assert [node.service for node in kept.walk()] == ["gateway", "billing", "generation-worker", "generation-worker"]
    assert prune(build_tree(SPANS), lambda node: False) is None


@pytest.mark.parametrize(("seconds", "text"), [(0.0004, "0.4 ms"), (0.9994, "999.4 ms"), (1.0, "1.00 s")])
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
