"""What a document says, as plain data: blocks of text, tables and pictures. Typeset by `documents.typesetting`.

All words in here are data, whoever wrote them: nothing in them is taken for markup, a file or an address. Pictures are
files of the run, named by our code alone.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

TEXT_CHARACTERS_MAX = 20_000
BLOCKS_MAX = 2_000
ROWS_MAX = 500
COLUMNS_MAX = 12

Words = Annotated[str, Field(max_length=TEXT_CHARACTERS_MAX)]
Label = Annotated[str, Field(max_length=300)]
Language = Literal["en", "fr"]
Align = Literal["left", "center", "right"]
Millimetres = Annotated[float, Field(ge=0, le=1000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(_Part):
    """Words within a text that stand out."""

    text: Words
    bold: bool = False
    italic: bool = False


Text = Words | Annotated[list[Span], Field(max_length=500)]
"""Words, or words of which some stand out. A line break in them is one on paper."""


class Heading(_Part):
    """A heading; those of level 1 and 2 are listed in the viewer's contents."""

    type: Literal["heading"] = "heading"
    text: Label
    level: Literal[1, 2, 3] = 1


class Paragraph(_Part):
    """Running text."""

    type: Literal["paragraph"] = "paragraph"
    text: Text
    look: Literal["body", "lead", "small", "strong"] = "body"
    align: Align = "left"


class Items(_Part):
    """A list, with dots or with numbers."""

    type: Literal["items"] = "items"
    items: list[Text] = Field(min_length=1, max_length=ROWS_MAX)
    ordered: bool = False


class Column(_Part):
    """A column of a table; `share` is its part of the width beside the others'."""

    title: Label
    share: float = Field(default=1.0, gt=0, le=100)
    align: Align = "left"


class Table(_Part):
    """Rows under a head that comes again on each page; below, `closing` rows (label, value), the last one strong."""

    type: Literal["table"] = "table"
    columns: list[Column] = Field(min_length=1, max_length=COLUMNS_MAX)
    rows: list[list[Words]] = Field(max_length=ROWS_MAX)
    closing: list[tuple[Label, Label]] = Field(default=[], max_length=20)


class Facts(_Part):
    """Pairs of a name and a value, one a line."""

    type: Literal["facts"] = "facts"
    pairs: list[tuple[Label, Words]] = Field(min_length=1, max_length=100)


class Box(_Part):
    """A title and lines under it: an address."""

    title: Label
    lines: list[Words] = Field(max_length=30)


class Boxes(_Part):
    """Boxes beside each other."""

    type: Literal["boxes"] = "boxes"
    boxes: list[Box] = Field(min_length=1, max_length=3)


class Link(_Part):
    """The one thing that can be clicked: an address of ours, never one out of a text."""

    type: Literal["link"] = "link"
    text: Label
    url: str = Field(max_length=500, pattern=r"^https?://[!-~]+$")


class Picture(_Part):
    """A picture in the text, as wide as the text or `height_mm` high at most."""

    type: Literal["picture"] = "picture"
    path: Path
    height_mm: Millimetres = 120.0
    caption: Label = ""


class PicturePage(_Part):
    """A page that is a picture and nothing else: whole within the margin, or filling the page beyond its edges."""

    type: Literal["picture_page"] = "picture_page"
    path: Path
    fit: Literal["contain", "cover"] = "contain"
    margin_mm: Millimetres = 10.0


class Cover(_Part):
    """A page with a title, what stands under it, perhaps a picture and a line at its foot."""

    type: Literal["cover"] = "cover"
    title: Label
    subtitle: Words = ""
    foot: Label = ""
    path: Path | None = None


class Gap(_Part):
    """Empty space."""

    type: Literal["gap"] = "gap"
    height_mm: Millimetres = 5.0


class NewPage(_Part):
    """What follows begins a page."""

    type: Literal["new_page"] = "new_page"


Block = Annotated[
    Heading | Paragraph | Items | Table | Facts | Boxes | Link | Picture | PicturePage | Cover | Gap | NewPage,
    Field(discriminator="type"),
]


class PageFormat(_Part):
    """The paper, A4 if not said otherwise; with `bleed_mm` more on each side than what is cut off after printing."""

    width_mm: float = Field(default=210.0, ge=50, le=1000)
    height_mm: float = Field(default=297.0, ge=50, le=1000)
    margin_mm: float = Field(default=20.0, ge=10, le=40)
    bleed_mm: float = Field(default=0.0, ge=0, le=10)


class Furniture(_Part):
    """What stands on every page but covers and pages of a picture: two words above, words and `n / m` below."""

    header_left: Label = ""
    header_right: Label = ""
    footer: Label = ""
    page_numbers: bool = True


class Document(_Part):
    """A whole document. `title`, `author` and `subject` are also what viewers show of it."""

    title: Label
    language: Language
    author: Label = ""
    subject: Label = ""
    page: PageFormat = PageFormat()
    furniture: Furniture = Furniture()
    blocks: list[Block] = Field(min_length=1, max_length=BLOCKS_MAX)
