"""Draws memory over time as a picture in SVG: a band for each process, and the limit above them."""

from collections.abc import Sequence

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 900, 420, 60, 30, 50
_COLOURS = ("#8ecae6", "#219ebc", "#06668c", "#ffb703", "#fb8500", "#90be6d", "#43aa8b", "#b5838d", "#6d6875")
_TEXT = "font-family='sans-serif' font-size='12' fill='#333'"


def stacked(
    title: str,
    moments: Sequence[float],
    bands: Sequence[tuple[str, Sequence[float]]],
    *,
    limit: float,
    marks: Sequence[float],
) -> str:
    """The picture; `moments` in seconds, `bands` in MiB at each of them, `marks` are moments to point at."""
    seconds = max(moments)
    sums = [sum(values) for values in zip(*(values for _, values in bands), strict=True)]
    highest: float = max(limit, *sums) * 1.08
    right = WIDTH - 150

    def x(moment: float) -> float:
        return round(LEFT + (right - LEFT) * moment / seconds, 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / highest, 1)

    parts = [f"<text x='{LEFT}' y='18' {_TEXT} font-weight='bold'>{title}</text>"]
    below = [0.0] * len(moments)
    for number, (name, values) in enumerate(bands):
        above = [low + value for low, value in zip(below, values, strict=True)]
        outline = [f"{x(m)},{y(v)}" for m, v in zip(moments, above, strict=True)]
        outline += [f"{x(m)},{y(v)}" for m, v in zip(reversed(moments), reversed(below), strict=True)]
        colour = _COLOURS[number % len(_COLOURS)]
        parts.append(f"<polygon points='{' '.join(outline)}' fill='{colour}' stroke='white' stroke-width='0.5'/>")
        place = TOP + 20 * (len(bands) - number)
        parts.append(f"<rect x='{right + 15}' y='{place - 10}' width='12' height='12' fill='{colour}'/>")
        parts.append(f"<text x='{right + 33}' y='{place}' {_TEXT}>{name}</text>")
        below = above
    for step in range(0, int(highest) + 1, 128):
        parts.append(f"<text x='{LEFT - 8}' y='{y(step) + 4}' {_TEXT} text-anchor='end'>{step}</text>")
        parts.append(f"<line x1='{LEFT}' y1='{y(step)}' x2='{right}' y2='{y(step)}' stroke='#0002'/>")
    for mark in marks:
        ends = f"x1='{x(mark)}' y1='{TOP}' x2='{x(mark)}' y2='{HEIGHT - BOTTOM}'"
        parts.append(f"<line {ends} stroke='#333' stroke-dasharray='2 4'/>")
    parts.append(f"<line x1='{LEFT}' y1='{y(limit)}' x2='{right}' y2='{y(limit)}' stroke='#d00000' stroke-width='2'/>")
    parts.append(f"<text x='{right - 4}' y='{y(limit) - 6}' {_TEXT} text-anchor='end'>{limit:.0f} MiB</text>")
    for step in range(5):
        moment = seconds * step / 4
        parts.append(
            f"<text x='{x(moment)}' y='{HEIGHT - BOTTOM + 18}' {_TEXT} text-anchor='middle'>{moment:.0f} s</text>"
        )
    parts.append(f"<text x='{LEFT}' y='{HEIGHT - 10}' {_TEXT}>MiB (PSS) over time; dashed: a book is delivered</text>")
    body = "\n".join(parts)
    head = f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{HEIGHT}' viewBox='0 0 {WIDTH} {HEIGHT}'>"
    return "\n".join([head, "<rect width='100%' height='100%' fill='white'/>", body, "</svg>", ""])
