"""PDF files are opened again: pages, words, pictures; hostile words are words; the same input gives the same bytes."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from generation.documents.content import (
    Block,
    Box,
    Boxes,
    Column,
    Cover,
    Document,
    Facts,
    Furniture,
    Heading,
    Items,
    Link,
    NewPage,
    PageFormat,
    Paragraph,
    Picture,
    PicturePage,
    Span,
    Table,
)
from generation.documents.pdf.words import markup, readable
from generation.documents.pdf.work import typeset as typeset_here
from generation.documents.typesetting import Typeset, typeset
from generation.local.failures import FailureReason, LocalWorkFailed, Unworkable
from generation.local.pool import LocalPool, LocalTask, PoolLimits

HOSTILE = [
    "<b>unclosed",
    "</para></b>closed too often",
    '<img src="/etc/passwd"/>',
    '<img src="http://127.0.0.1:1/x.png" width="10" height="10"/>',
    "file:///etc/passwd and http://example.com/?q=\"quoted\" 'single'",
    "<a href='javascript:alert(1)'>x</a> <a href=\"http://evil.example\">here</a>",
    "&lt;b&gt; &amp; &#65; <!-- no comment --> <![CDATA[x]]> <?php ?>",
    "{{ template }} ${jndi:ldap://x} %s %(name)s \\u0041",
    "<onDraw name='x'/><seq/><unknown>",
]


class PoolStep:
    """A step that has nothing but the pool."""

    def __init__(self, pool: LocalPool) -> None:
        self._pool = pool

    async def local(self, task: LocalTask, arguments: Any) -> dict[str, Any]:
        return await self._pool.run(task, arguments)


@pytest_asyncio.fixture(scope="module")
async def step() -> AsyncIterator[PoolStep]:
    pool = LocalPool(PoolLimits())
    yield PoolStep(pool)
    await pool.drain()


def document(*blocks: Block, **more: Any) -> Document:
    return Document(**{"title": "A title", "language": "en", "blocks": list(blocks), **more})


def made(folder: Path, *blocks: Block, **more: Any) -> pypdf.PdfReader:
    """The document, made in this process."""
    target = folder / "made.pdf"
    typeset_here(document(*blocks, **more).model_dump(mode="json"), str(target))
    return pypdf.PdfReader(target, strict=True)


def words(pages: pypdf.PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in pages.pages).split())


def links(pages: pypdf.PdfReader) -> list[str]:
    found = [note.get_object() for page in pages.pages for note in page.get("/Annots", [])]
    return [str(note["/A"]["/URI"]) for note in found]


def drawing(mode: str, size: tuple[int, int] = (300, 400)) -> Image.Image:
    image = Image.new(mode, size, "white" if mode != "1" else 1)
    ImageDraw.Draw(image).ellipse((40, 40, 260, 300), outline="black" if mode != "1" else 0, width=5)
    return image


async def test_a_child_makes_a_whole_document(step: PoolStep, tmp_path: Path) -> None:
    drawing("RGB").save(tmp_path / "colour.jpg", quality=90)
    table = Table(
        columns=[Column(title="Désignation", share=4), Column(title="Prix", align="right")],
        rows=[[f"Pose n° {number}", f"{number},00 €"] for number in range(90)],
        closing=[("Net", "1 200,00 €"), ("Total", "1 440,00 €")],
    )
    whole = document(
        Heading(text="Rénovation d’une salle de bains"),
        Paragraph(text=[Span(text="Bonjour, "), Span(text="cœur & âme", bold=True, italic=True)], look="lead"),
        Boxes(boxes=[Box(title="De", lines=["Atelier", "Paris"]), Box(title="À", lines=["Zoé"])]),
        Facts(pairs=[("Date", "30 novembre 2026")]),
        Items(items=["premier", "second"], ordered=True),
        Heading(text="Lignes", level=2),
        table,
        Picture(path=tmp_path / "colour.jpg", caption="Une image"),
        Link(text="Payer", url="https://example.com/pay/x?a=1&b=2"),
        title="Devis Q-2026-0001",
        language="fr",
        author="Atelier",
        furniture=Furniture(header_left="Atelier", header_right="Q-2026-0001", footer="SIRET 123"),
    )

    result = await typeset(step, whole, tmp_path / "out.pdf")

    assert isinstance(result, Typeset)
    pages = pypdf.PdfReader(result.path, strict=True)
    assert len(pages.pages) == result.pages > 2
    assert result.size_bytes == result.path.stat().st_size
    for number, page in enumerate(pages.pages, 1):
        text = page.extract_text()
        assert f"{number} / {result.pages}" in text
        assert all(furniture in text for furniture in ("Atelier", "Q-2026-0001", "SIRET 123"))
        assert ("Prix" in text) == ("Pose n°" in text), "the table's head stands above its rows on every page"
    text = words(pages)
    for said in ("Rénovation d’une salle de bains", "cœur & âme", "Pose n° 89", "1 440,00 €", "Une image", "Zoé"):
        assert said in text, said
    metadata = pages.metadata
    assert metadata is not None
    assert (metadata.title, metadata.author) == ("Devis Q-2026-0001", "Atelier")
    assert pages.root_object["/Lang"] == "fr"
    assert [entry.title for entry in pages.outline if not isinstance(entry, list)] == [
        "Rénovation d’une salle de bains"
    ]
    assert links(pages) == ["https://example.com/pay/x?a=1&b=2"]


async def test_hostile_words_come_out_as_words(step: PoolStep, tmp_path: Path) -> None:
    """In every place that takes words; nothing is embedded, linked or fetched."""
    line = " ~ ".join(HOSTILE)
    whole = document(
        Cover(title=HOSTILE[0], subtitle=line, foot=HOSTILE[2]),
        Heading(text=HOSTILE[2], level=1),
        Paragraph(text=[Span(text=line, bold=True)]),
        Items(items=[line]),
        Table(columns=[Column(title=HOSTILE[1])], rows=[[line]], closing=[(HOSTILE[0], HOSTILE[3])]),
        Facts(pairs=[(HOSTILE[0], line)]),
        Boxes(boxes=[Box(title=HOSTILE[0], lines=[line])]),
        Link(text=HOSTILE[5], url="https://example.com/'><img-src=x>"),
        title=HOSTILE[0],
        furniture=Furniture(header_left=HOSTILE[0], header_right=HOSTILE[1], footer=HOSTILE[2]),
    )

    result = await typeset(step, whole, tmp_path / "out.pdf")

    pages = pypdf.PdfReader(result.path, strict=True)
    text = "".join(words(pages).split())
    for said in HOSTILE:
        assert text.count("".join(said.split())) >= 6, said
    assert links(pages) == ["https://example.com/'><img-src=x>"]
    assert [list(page.images) for page in pages.pages] == [[]] * len(pages.pages)
    content = result.path.read_bytes()
    assert b"root:" not in content
    assert b"/JavaScript" not in content


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_any_words_are_set(text: str) -> None:
    """Whatever stands in it, reportlab reads our markup, and draws each sign that a face of ours has."""
    from reportlab.platypus import Paragraph as Set

    from generation.documents.pdf.styles import BODY

    Set(markup(text), BODY).wrap(100, 10_000)
    assert not set(readable(text)) & {"\x00", "\x1b", "\u202e", "\u200f", "\xad", "\t"}


def test_signs_that_no_face_has_are_shown_as_missing() -> None:
    assert readable("漢 1\u202f200\u2011x e\u0301 ﬁ ①") == "\ufffd 1\xa0200-x é ﬁ 1"
    assert readable("œuvre Œ « é » … – — ’ € m² ≥ × → ł ș ğ Ω ж") == "œuvre Œ « é » … – — ’ € m² ≥ × → ł ș ğ Ω ж"


def test_long_words_and_cells_higher_than_a_page_are_split(tmp_path: Path) -> None:
    pages = made(tmp_path, Paragraph(text="x" * 5_000), Table(columns=[Column(title="c")], rows=[["line " * 1_500]]))
    assert words(pages).count("line") == 1_500
    assert sum(page.extract_text().count("x") for page in pages.pages) == 5_000


def test_pictures_are_kept_as_they_are_where_they_can_be(tmp_path: Path) -> None:
    """JPEG passes through; line art of one bit or grey stays grey; transparency shows paper."""
    drawing("RGB").save(tmp_path / "a", "JPEG", quality=90)
    drawing("1").save(tmp_path / "b.png")
    drawing("L").save(tmp_path / "c.png")
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(tmp_path / "d.webp", lossless=True)
    files = ["a", "b.png", "c.png", "d.webp"]
    pages = made(tmp_path, Cover(title="Book", path=tmp_path / "a"), *(PicturePage(path=tmp_path / f) for f in files))

    assert len(pages.pages) == 5
    assert "1 / 5" not in words(pages), "pages of a picture carry nothing else"
    shown = [page["/Resources"]["/XObject"].values() for page in pages.pages]
    pictures = [next(iter(found)).get_object() for found in shown]
    assert pictures[1]["/Filter"] == ["/DCTDecode"]
    assert pictures[1]._data == (tmp_path / "a").read_bytes()
    assert [picture["/ColorSpace"] for picture in pictures[2:4]] == ["/DeviceGray"] * 2
    last = Image.open(io.BytesIO(pages.pages[4].images[0].data)).convert("L")
    assert last.getextrema() == (255, 255)


def test_paper_has_the_size_and_the_bleed_that_were_asked_for(tmp_path: Path) -> None:
    page = made(tmp_path, Paragraph(text="x"), page=PageFormat(width_mm=200, height_mm=250, bleed_mm=3)).pages[0]
    millimetres = [round(float(side) / 72 * 25.4, 2) for side in (*page.mediabox[2:], *page.trimbox)]
    assert millimetres == [206, 256, 3, 3, 203, 253]
    page = made(tmp_path, Paragraph(text="x")).pages[0]
    assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == [210, 297]


async def test_the_same_document_is_the_same_bytes(step: PoolStep, tmp_path: Path) -> None:
    drawing("RGB").save(tmp_path / "a.jpg")
    whole = document(Heading(text="h"), Picture(path=tmp_path / "a.jpg"), Items(items=["one"]))
    one = await typeset(step, whole, tmp_path / "one.pdf")
    other = typeset_here(whole.model_dump(mode="json"), str(tmp_path / "other.pdf"))
    assert one.sha256 == other["sha256"]
    assert one.path.read_bytes() == (tmp_path / "other.pdf").read_bytes()


async def test_refuses_what_is_no_picture(step: PoolStep, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"<svg/>")
    with pytest.raises(LocalWorkFailed) as caught:
        await typeset(step, document(Picture(path=tmp_path / "a.jpg")), tmp_path / "out.pdf")
    assert (caught.value.reason, caught.value.code) == (FailureReason.REFUSED, "UNSUPPORTED_IMAGE")


def test_shows_no_picture_from_elsewhere(tmp_path: Path) -> None:
    drawing("RGB").save(tmp_path / "a.jpg")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "link.jpg").symlink_to(tmp_path / "a.jpg")
    for path in (tmp_path / "a.jpg", tmp_path / "run" / "link.jpg", tmp_path / "run" / ".." / "a.jpg"):
        with pytest.raises(ValueError, match="not in the folder"):
            made(tmp_path / "run", Picture(path=path))


def test_a_document_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unworkable, match="DOCUMENT_TOO_LONG"):
        made(tmp_path, *[Paragraph(text="x"), NewPage()] * 401)
