"""Tables for people: aligned columns, and a target beside what came out."""

from collections.abc import Sequence


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A titled table in Markdown, columns aligned."""
    cells = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    lines = [_line(row, widths) for row in cells]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([f"\n{title}\n", lines[0], rule, *lines[1:]])


def verdict(value: float, *, at_least: float | None = None, at_most: float | None = None) -> str:
    """Whether a target is met, in a word and the target."""
    if at_least is not None:
        return f"{'met' if value >= at_least else 'missed'} (at least {at_least:g})"
    if at_most is not None:
        return f"{'met' if value <= at_most else 'missed'} (at most {at_most:g})"
    raise ValueError("a verdict needs a target")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return str(value)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = [cell.ljust(width) if index == 0 else cell.rjust(width) for index, (cell, width) in
                    enumerate(zip(row, widths, strict=True))]  # fmt: skip
    return "| " + " | ".join([first, *rest]) + " |"
