"""Lays a document out on pages: templates, furniture, the viewer's contents, metadata."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from reportlab import rl_config
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, NextPageTemplate, PageBreak, PageTemplate

from generation.documents.pdf.blocks import WHOLE_PAGES, OutlinedHeading, Setting, flowables
from generation.documents.pdf.faces import REGULAR
from generation.documents.pdf.styles import FURNITURE_SIZE, LINE, QUIET
from generation.documents.pdf.words import one_line

PAGES_MAX = 400
_TEXT, _WHOLE = "text", "whole"

rl_config.useA85 = 0
"""Streams as they are: in ASCII they are a quarter larger and cost many times the processor's time."""


class TooManyPages(Exception):
    """The document has more than `PAGES_MAX` pages."""


class Layout(BaseDocTemplate):  # type: ignore[misc] # reportlab has no types
    """One pass over a document. Counting passes know no `pages` yet; the last one writes `n / pages` on each."""

    def __init__(self, document: dict[str, Any], file: IO[bytes], *, folder: Path, pages: int | None) -> None:
        page = document["page"]
        bleed = page["bleed_mm"] * mm
        size = (page["width_mm"] * mm + 2 * bleed, page["height_mm"] * mm + 2 * bleed)
        self._document, self._bleed, self._margin, self._pages = document, bleed, page["margin_mm"] * mm + bleed, pages
        self._outlined, self._outline_level = 0, -1
        self._setting = Setting(size[0] - 2 * self._margin, folder, dry=pages is None)
        super().__init__(
            file, pagesize=size, title=one_line(document["title"]), author=one_line(document["author"]),
            subject=one_line(document["subject"]), creator="Atelier", lang=document["language"],
            invariant=1, pageCompression=1, allowSplitting=1, displayDocTitle=1,
        )  # fmt: skip

    def make(self) -> int:
        """Write the file; answers how many pages it has."""
        segments = list(self._segments())
        self.addPageTemplates(self._templates(first=segments[0][0]))
        story: list[Flowable] = []
        for at, (template, content) in enumerate(segments):
            if at:
                story += [NextPageTemplate(template), PageBreak()]
            story += content
        self.build(story)
        return int(self.page)

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - reportlab's name
        """Called by reportlab: lists a heading in the viewer's contents."""
        if isinstance(flowable, OutlinedHeading):
            key = f"h{self._outlined}"
            self._outlined += 1
            self.canv.bookmarkPage(key)
            level = min(flowable.outline_level, self._outline_level + 1)
            self.canv.addOutlineEntry(one_line(flowable.outline_text), key, level=level)
            self._outline_level = level

    def _segments(self) -> Iterator[tuple[str, list[Flowable]]]:
        """Runs of blocks that share a template: text together, each whole page by itself."""
        for whole, blocks in groupby(self._document["blocks"], lambda block: block["type"] in WHOLE_PAGES):
            if whole:
                yield from ((_WHOLE, flowables(block, self._setting)) for block in blocks)
            else:
                yield _TEXT, [made for block in blocks for made in flowables(block, self._setting)]

    def _templates(self, first: str) -> list[PageTemplate]:
        width, height = self.pagesize
        text = Frame(
            self._margin, self._margin, width - 2 * self._margin, height - 2 * self._margin,
            leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
        )  # fmt: skip
        whole = Frame(0, 0, width, height, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
        templates = [
            PageTemplate(_TEXT, [text], onPage=self._begin_text_page),
            PageTemplate(_WHOLE, [whole], onPage=self._begin_page),
        ]
        return sorted(templates, key=lambda template: template.id != first)

    def _begin_page(self, canvas: Any, _: Any) -> None:
        if canvas.getPageNumber() > PAGES_MAX:
            raise TooManyPages(f"more than {PAGES_MAX} pages")
        if self._bleed:
            width, height = self.pagesize
            canvas.setTrimBox((self._bleed, self._bleed, width - self._bleed, height - self._bleed))
            canvas.setBleedBox((0, 0, width, height))

    def _begin_text_page(self, canvas: Any, document: Any) -> None:
        self._begin_page(canvas, document)
        furniture = self._document["furniture"]
        left, right = self._margin, self.pagesize[0] - self._margin
        top, bottom = self.pagesize[1] - self._margin + 14, self._margin - 20
        number = f"{canvas.getPageNumber()} / {self._pages or 1}" if furniture["page_numbers"] else ""
        canvas.saveState()
        canvas.setFont(REGULAR, FURNITURE_SIZE)
        canvas.setFillColor(QUIET)
        canvas.setStrokeColor(LINE)
        room = (right - left) / 2 - 6
        canvas.drawString(left, top, _within(furniture["header_left"], room))
        canvas.drawRightString(right, top, _within(furniture["header_right"], room))
        canvas.drawString(left, bottom, _within(furniture["footer"], right - left - 60))
        canvas.drawRightString(right, bottom, number)
        if furniture["header_left"] or furniture["header_right"]:
            canvas.line(left, top - 4, right, top - 4)
        canvas.restoreState()


def _within(text: str, width: float) -> str:
    """The words on one line, cut where the room ends."""
    line = one_line(text)
    if stringWidth(line, REGULAR, FURNITURE_SIZE) <= width:
        return line
    while line and stringWidth(f"{line}…", REGULAR, FURNITURE_SIZE) > width:
        line = line[:-1]
    return f"{line}…"
