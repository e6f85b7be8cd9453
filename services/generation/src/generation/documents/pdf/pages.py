"""Flowables that fill a page of their own: a picture, a cover. Both fill the frame they are given.

A picture is opened when its page is drawn and let go with it: a book of them would take hundreds of megabytes at once.
"""

import gc
from collections.abc import Callable
from typing import Any

from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, Paragraph

from generation.documents.pdf.styles import STYLES
from generation.documents.pdf.words import markup

_SHY = 0.01
"""Points by which a page stays smaller than its frame, so that rounding never pushes it onto the next."""
_COVER_SIZES = ((60, 32.0), (120, 24.0), (300, 17.0))
"""Up to so many characters of a title, its size in points."""
_COVER_PICTURE_SHARE = 0.5
_COVER_MARGIN = 25 * mm


Opener = Callable[[], ImageReader]


class _WholePage(Flowable):  # type: ignore[misc] # reportlab has no types
    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width, self.height = width, height - _SHY
        return self.width, self.height


class PicturePageFlowable(_WholePage):
    """A picture on a page; `dry` draws nothing, for passes that only count pages."""

    def __init__(self, opener: Opener, *, fit: str, margin: float, dry: bool) -> None:
        super().__init__()
        self._opener, self._fit, self._margin, self._dry = opener, fit, margin, dry

    def draw(self) -> None:
        """Called by reportlab."""
        if self._dry:
            return
        margin = 0 if self._fit == "cover" else self._margin
        area = (margin, margin, self.width - 2 * margin, self.height - 2 * margin)
        place(self.canv, self._opener(), area, cover=self._fit == "cover")


class CoverFlowable(_WholePage):
    """A title page."""

    def __init__(self, block: dict[str, Any], opener: Opener | None, *, dry: bool) -> None:
        super().__init__()
        self._block, self._opener, self._dry = block, opener, dry

    def draw(self) -> None:
        """Called by reportlab."""
        width = self.width - 2 * _COVER_MARGIN
        size = next(points for characters, points in _COVER_SIZES if len(self._block["title"]) <= characters)
        title = STYLES["cover_title"].clone("title", fontSize=size, leading=size * 1.25)
        top = self.height * (0.88 if self._opener else 0.7)
        top -= self._set(Paragraph(markup(self._block["title"]), title), width, top)
        if self._block["subtitle"]:
            top -= self._set(Paragraph(markup(self._block["subtitle"]), STYLES["cover_subtitle"]), width, top - 12) + 12
        if self._block["foot"]:
            self._set(Paragraph(markup(self._block["foot"]), STYLES["caption"]), width, _COVER_MARGIN)
        if self._opener is not None and not self._dry:
            bottom = _COVER_MARGIN + 20
            height = min(self.height * _COVER_PICTURE_SHARE, top - 24 - bottom)
            if height > 0:
                place(self.canv, self._opener(), (_COVER_MARGIN, bottom, width, height), cover=False)

    def _set(self, paragraph: Paragraph, width: float, top: float) -> float:
        _, height = paragraph.wrap(width, top)
        paragraph.drawOn(self.canv, _COVER_MARGIN, top - height)
        return float(height)


def place(canvas: Any, reader: ImageReader, area: tuple[float, float, float, float], *, cover: bool) -> None:
    """Draw a picture in the middle of an area (x, y, width, height): whole, or filling it with what is too much cut."""
    x, y, width, height = area
    across, down = reader.getSize()
    scale = (max if cover else min)(width / across, height / down)
    drawn = (across * scale, down * scale)
    canvas.saveState()
    if cover:
        path = canvas.beginPath()
        path.rect(x, y, width, height)
        canvas.clipPath(path, stroke=0, fill=0)
    canvas.drawImage(reader, x + (width - drawn[0]) / 2, y + (height - drawn[1]) / 2, *drawn)
    canvas.restoreState()
    del reader
    gc.collect()  # a reader refers to itself: decoded pictures of many pages would lie there until the document ends
