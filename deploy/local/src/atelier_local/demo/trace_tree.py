"""Owns a trace as a tree: proves that it is one, and draws it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from atelier_local.demo.checks import DemoFailed
from atelier_local.demo.output import shorten

_SERVICE_CHARS = 18
_FIGURE_CHARS = 10
_NANOSECONDS = 1_000_000_000


class TraceBroken(DemoFailed):
    """The spans are not one tree; the message says which of them hang loose."""


@dataclass(slots=True)
class Node:
    """A span and what it led to, by start."""

    name: str
    service: str
    start_seconds: float
    end_seconds: float
    failed: bool = False
    children: list["Node"] = field(default_factory=list)

    @property
    def duration_seconds(self) -> float:
        """How long it took."""
        return self.end_seconds - self.start_seconds

    def walk(self) -> Iterator["Node"]:
        """This node and all below it, depth first."""
        yield self
        for child in self.children:
            yield from child.walk()


def build_tree(spans: Sequence[Mapping[str, Any]]) -> Node:
    """The tree of all spans of a trace, as `/sandbox/traces/{id}` lists them.

    Raises:
        TraceBroken: there is not exactly one root, or a span's parent was never seen.
    """
    ordered = sorted(spans, key=lambda span: int(span["start_unix_nano"]))
    nodes = {span["span_id"]: _node(span) for span in ordered}
    if len(nodes) != len(ordered):
        raise TraceBroken(f"{len(ordered) - len(nodes)} spans were exported twice")
    roots: list[Node] = []
    orphans: list[str] = []
    for span in ordered:
        node, parent = nodes[span["span_id"]], span["parent_span_id"]
        if not parent:
            roots.append(node)
        elif parent in nodes:
            nodes[parent].children.append(node)
        else:
            orphans.append(f"{node.service}: {node.name}")
    if orphans:
        raise TraceBroken(f"the parent is missing of {len(orphans)} spans: {', '.join(orphans)}")
    if len(roots) != 1:
        named = ", ".join(f"{root.service}: {root.name}" for root in roots)
        raise TraceBroken(f"the trace has {len(roots)} roots instead of one: {named or 'none'}")
    if (reached := sum(1 for _ in roots[0].walk())) != len(nodes):
        raise TraceBroken(f"{len(nodes) - reached} spans are their own ancestors")
    return roots[0]


def prune(node: Node, keep: Callable[[Node], bool]) -> Node | None:
    """The tree with only the nodes that `keep` names and what leads to them; None when none is named."""
    children = [kept for child in node.children if (kept := prune(child, keep))]
    if not children and not keep(node):
        return None
    return Node(node.name, node.service, node.start_seconds, node.end_seconds, node.failed, children)


@dataclass(frozen=True, slots=True)
class Row:
    """A span's line in three parts of fixed width: its service, the tree, when it began and how long it took."""

    service: str
    tree: str
    figures: str

    def __str__(self) -> str:
        return self.service + self.tree + self.figures


def tree_rows(root: Node, width: int) -> list[Row]:
    """A heading and a line for each span, `width` characters each; times are told from the root's start."""
    room = width - _SERVICE_CHARS - 2 * _FIGURE_CHARS
    rows = [_row("service", "span", "at", "took", room)]
    for stem, node in _drawn(root, "", ""):
        mark = " ✗" if node.failed else ""
        name = stem + shorten(node.name, room - len(stem) - len(mark)) + mark
        at = duration_text(max(0.0, node.start_seconds - root.start_seconds))
        took = duration_text(node.duration_seconds)
        rows.append(_row(shorten(node.service, _SERVICE_CHARS - 1), name, at, took, room))
    return rows


def _row(service: str, tree: str, at: str, took: str, room: int) -> Row:
    return Row(f"{service:<{_SERVICE_CHARS}}", f"{tree:<{room}}", f"{at:>{_FIGURE_CHARS}}{took:>{_FIGURE_CHARS}}")


def span_seconds(nodes: Iterable[Node]) -> float:
    """From the first start to the last end."""
    known = list(nodes)
    return max(node.end_seconds for node in known) - min(node.start_seconds for node in known)


def duration_text(seconds: float) -> str:
    """Milliseconds below a second, else seconds."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _node(span: Mapping[str, Any]) -> Node:
    return Node(
        name=str(span["name"]),
        service=str(span["service"]),
        start_seconds=int(span["start_unix_nano"]) / _NANOSECONDS,
        end_seconds=int(span["end_unix_nano"]) / _NANOSECONDS,
        failed=span.get("status") == "error",
    )


def _drawn(node: Node, own: str, below: str) -> Iterator[tuple[str, Node]]:
    yield own, node
    for position, child in enumerate(node.children, start=1):
        last = position == len(node.children)
        yield from _drawn(child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))
