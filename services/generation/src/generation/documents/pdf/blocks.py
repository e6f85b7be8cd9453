"""Turns a document's blocks into what reportlab lays out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import (
    Flowable,
    KeepTogether,
    ListFlowable,
    ListItem,
    PageBreak,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from generation.documents.pdf.faces import REGULAR
from generation.documents.pdf.pages import CoverFlowable, PicturePageFlowable
from generation.documents.pdf.pictures import opened
from generation.documents.pdf.styles import INK, LINE, QUIET, SHADE, STYLES, style
from generation.documents.pdf.words import linked, markup

WHOLE_PAGES = ("picture_page", "cover")
"""Blocks that have a page of their own."""
_PADDING = [("LEFTPADDING", (0, 0), (-1, -1), 4), ("RIGHTPADDING", (0, 0), (-1, -1), 4)]
_TOP = ("VALIGN", (0, 0), (-1, -1), "TOP")
_FACT_LABEL_SHARE = 0.3
_CLOSING_SHARE = 0.45


class OutlinedHeading(Paragraph):  # type: ignore[misc] # reportlab has no types
    """A heading that the viewer's contents lists."""

    def __init__(self, text: str, level: int) -> None:
        super().__init__(markup(text), STYLES[f"heading_{level}"])
        self.outline_text, self.outline_level = text, level - 1


@dataclass(frozen=True, slots=True)
class Setting:
    """What blocks are set for: the width of the text in points, where pictures lie, whether this pass only counts."""

    width: float
    folder: Path
    dry: bool


def flowables(block: dict[str, Any], setting: Setting) -> list[Flowable]:
    """What stands for a block.

    Raises:
        Unworkable: a picture cannot be read.
    """
    return _MAKERS[block["type"]](block, setting)


def _heading(block: dict[str, Any], _: Setting) -> list[Flowable]:
    level = int(block["level"])
    if level <= 2:
        return [OutlinedHeading(block["text"], level)]
    return [Paragraph(markup(block["text"]), STYLES[f"heading_{level}"])]


def _paragraph(block: dict[str, Any], _: Setting) -> list[Flowable]:
    return [Paragraph(markup(block["text"]), style(block["look"], block["align"]))]


def _items(block: dict[str, Any], _: Setting) -> list[Flowable]:
    items = [ListItem(Paragraph(markup(text), STYLES["body"])) for text in block["items"]]
    dots: dict[str, Any] = {} if block["ordered"] else {"start": "•"}
    return [
        ListFlowable(
            items, bulletType="1" if block["ordered"] else "bullet", bulletFontName=REGULAR, bulletFontSize=9,
            bulletColor=QUIET, leftIndent=16, **dots,
        )
    ]  # fmt: skip


def _table(block: dict[str, Any], setting: Setting) -> list[Flowable]:
    columns = block["columns"]
    head = [Paragraph(markup(column["title"]), style("cell_strong", column["align"])) for column in columns]
    body = [
        [Paragraph(markup(cell), style("cell", column["align"])) for cell, column in zip(row, columns, strict=True)]
        for row in block["rows"]
    ]
    shares = [column["share"] for column in columns]
    widths = [setting.width * share / sum(shares) for share in shares]
    look = [
        _TOP,
        *_PADDING,
        ("BACKGROUND", (0, 0), (-1, 0), SHADE),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, LINE),
    ]
    made: list[Flowable] = [
        Table([head, *body], colWidths=widths, repeatRows=1, splitByRow=1, splitInRow=1, style=TableStyle(look))
    ]
    if block["closing"]:
        made.append(KeepTogether([Spacer(0, 4), _closing(block["closing"], setting.width)]))
    made.append(Spacer(0, 8))
    return made


def _closing(rows: list[list[str]], width: float) -> Table:
    last = len(rows) - 1
    cells = []
    for at, (label, value) in enumerate(rows):
        look = "cell_strong" if at == last else "cell"
        cells.append([Paragraph(markup(label), style(look)), Paragraph(markup(value), style(look, "right"))])
    widths = [width * _CLOSING_SHARE * share for share in (0.6, 0.4)]
    rule = ("LINEABOVE", (0, last), (-1, last), 0.8, INK)
    return Table(cells, colWidths=widths, hAlign="RIGHT", style=TableStyle([_TOP, *_PADDING, rule]))


def _facts(block: dict[str, Any], setting: Setting) -> list[Flowable]:
    cells = [
        [Paragraph(markup(label), STYLES["cell_strong"]), Paragraph(markup(value), STYLES["cell"])]
        for label, value in block["pairs"]
    ]
    widths = [setting.width * share for share in (_FACT_LABEL_SHARE, 1 - _FACT_LABEL_SHARE)]
    return [Table(cells, colWidths=widths, splitInRow=1, style=TableStyle([_TOP, *_PADDING])), Spacer(0, 6)]


def _boxes(block: dict[str, Any], setting: Setting) -> list[Flowable]:
    boxes = block["boxes"]
    cells = [[Paragraph(markup(box["title"]), STYLES["small"]), *_lines(box["lines"])] for box in boxes]
    width = setting.width / len(boxes)
    return [Table([cells], colWidths=[width] * len(boxes), style=TableStyle([_TOP, *_PADDING])), Spacer(0, 10)]


def _lines(lines: list[str]) -> list[Flowable]:
    return [Paragraph(markup(line), STYLES["cell" if at else "cell_strong"]) for at, line in enumerate(lines)]


def _link(block: dict[str, Any], _: Setting) -> list[Flowable]:
    return [Paragraph(linked(block["text"], block["url"]), STYLES["body"])]


def _picture(block: dict[str, Any], setting: Setting) -> list[Flowable]:
    reader = opened(block["path"], setting.folder)
    across, down = reader.getSize()
    scale = min(setting.width / across, block["height_mm"] * mm / down)
    size = (across * scale, down * scale)
    image = Spacer(*size) if setting.dry else _ReadImage(reader, *size)
    caption = [Paragraph(markup(block["caption"]), STYLES["caption"])] if block["caption"] else []
    return [KeepTogether([image, Spacer(0, 3), *caption]), Spacer(0, 6)]


class _ReadImage(Flowable):  # type: ignore[misc] # reportlab has no types
    """A picture that was opened already, in the middle of the line."""

    def __init__(self, reader: ImageReader, width: float, height: float) -> None:
        super().__init__()
        self._reader, self.width, self.height, self.hAlign = reader, width, height, "CENTER"

    def draw(self) -> None:
        """Called by reportlab."""
        self.canv.drawImage(self._reader, 0, 0, self.width, self.height)


def _picture_page(block: dict[str, Any], setting: Setting) -> list[Flowable]:
    opener = partial(opened, block["path"], setting.folder)
    return [PicturePageFlowable(opener, fit=block["fit"], margin=block["margin_mm"] * mm, dry=setting.dry)]


def _cover(block: dict[str, Any], setting: Setting) -> list[Flowable]:
    opener = partial(opened, block["path"], setting.folder) if block["path"] else None
    return [CoverFlowable(block, opener, dry=setting.dry)]


_MAKERS: dict[str, Callable[[dict[str, Any], Setting], list[Flowable]]] = {
    "heading": _heading,
    "paragraph": _paragraph,
    "items": _items,
    "table": _table,
    "facts": _facts,
    "boxes": _boxes,
    "link": _link,
    "picture": _picture,
    "picture_page": _picture_page,
    "cover": _cover,
    "gap": lambda block, _: [Spacer(0, block["height_mm"] * mm)],
    "new_page": lambda _, __: [PageBreak()],
}
