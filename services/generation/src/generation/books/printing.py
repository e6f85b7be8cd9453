"""How a colouring book is printed: cover, a page for its owner, the pages to colour, and the same pages coloured."""

from collections.abc import Sequence
from pathlib import Path

from generation.books.plan import Language
from generation.documents.content import Block, Cover, Document, Furniture, Gap, PageFormat, Paragraph, PicturePage

PAGE_SIZE = "A4"
_PAGE = PageFormat(width_mm=210.0, height_mm=297.0, margin_mm=20.0)
_MARGIN_MM = 13.5
"""Around a picture: what home printers leave white, and the picture is 180 x 270 mm."""
PICTURE_WIDTH_MM = 180.0

_WORDS = {
    "en": ("A colouring book: {theme}", "This book belongs to", "12 pages to colour, and how they may look."),
    "fr": (
        "Un livre de coloriage : {theme}",
        "Ce livre appartient à",
        "12 pages à colorier, et un exemple pour chacune.",
    ),
}


def dots_per_inch(pixels_wide: int) -> int:
    """How finely a picture of so many pixels is printed."""
    return round(pixels_wide / (PICTURE_WIDTH_MM / 25.4))


def book(
    title: str, theme: str, dedication: str, language: Language, *, lines: Sequence[Path], coloured: Sequence[Path]
) -> Document:
    """The book as it is typeset; the files lie in the folder of the run."""
    subtitle, owner, foot = _WORDS[language]
    blocks: list[Block] = [
        Cover(title=title, subtitle=subtitle.format(theme=theme), foot=foot, path=coloured[0]),
        Gap(height_mm=80.0),
        Paragraph(text=owner, look="lead", align="center"),
        Gap(height_mm=12.0),
        Paragraph(text="_" * 36, look="lead", align="center"),
    ]
    if dedication:
        blocks += [Gap(height_mm=24.0), Paragraph(text=dedication, look="lead", align="center")]
    blocks += [PicturePage(path=path, margin_mm=_MARGIN_MM) for path in (*lines, *coloured)]
    return Document(
        title=title,
        language=language,
        subject=subtitle.format(theme=theme),
        page=_PAGE,
        furniture=Furniture(page_numbers=False),
        blocks=blocks,
    )
