"""Pages of a book, from a provider's picture to black and white, and back to a sheet that can be coloured."""

import hashlib
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter

from generation.books.page_work import NOT_LINE_ART, coloured_page, line_page, sheet
from generation.local.failures import Unworkable
from sandbox.drawing.brief import Brief
from sandbox.drawing.edits import edit
from sandbox.drawing.picture import compose

SIZE = (256, 384)


def drawn(prompt: str = "line art of a fox") -> Image.Image:
    return compose(Brief(prompt, *SIZE, 0, "openai", "m"))


def saved(image: Image.Image, folder: Path, name: str = "source.png") -> str:
    image.save(folder / name)
    return str(folder / name)


@pytest.mark.parametrize("tint", ["none", "cream paper", "pale ink, soft edges", "larger and wider", "transparent"])
def test_a_drawing_becomes_a_page_of_one_bit_whatever_it_came_like(tmp_path: Path, tint: str) -> None:
    image = drawn()
    match tint:
        case "cream paper":
            image = image.point(
                [min(255, v * 245 // 255) for v in range(256)] * 2 + [v * 220 // 255 for v in range(256)]
            )
        case "pale ink, soft edges":
            image = image.point([70 + v * 185 // 255 for v in range(256)] * 3).filter(ImageFilter.GaussianBlur(0.6))
        case "larger and wider":
            image = image.resize((600, 800))
        case "transparent":
            image = image.convert("RGBA")
            image.putalpha(image.convert("L").point(lambda level: 255 - level))
    target = tmp_path / "page.png"
    facts = line_page(saved(image, tmp_path), str(target), *SIZE)

    with Image.open(target) as page:
        assert (page.format, page.mode, page.size) == ("PNG", "1", (512, 768))
        assert not page.info.keys() & {"exif", "xmp", "icc_profile"}
    assert facts["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    assert facts["size_bytes"] == target.stat().st_size
    assert 0.01 < facts["ink"] < 0.2


def test_the_same_drawing_gives_the_same_bytes(tmp_path: Path) -> None:
    source = saved(drawn(), tmp_path)
    first, again = (line_page(source, str(tmp_path / name), *SIZE)["sha256"] for name in ("a.png", "b.png"))
    assert first == again


def night() -> Image.Image:
    image = Image.new("RGB", SIZE, "black")
    ImageDraw.Draw(image).ellipse((60, 60, 120, 120), fill="white")
    return image


@pytest.mark.parametrize(
    "image",
    [compose(Brief("mountain at sunset", *SIZE, 0, "openai", "m")), Image.new("RGB", SIZE, "white"), night()],
    ids=["a painting", "nothing", "night"],
)
def test_what_cannot_be_coloured_is_refused(tmp_path: Path, image: Image.Image) -> None:
    with pytest.raises(Unworkable) as refused:
        line_page(saved(image, tmp_path), str(tmp_path / "page.png"), *SIZE)
    assert refused.value.code == NOT_LINE_ART
    assert not (tmp_path / "page.png").exists()


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source.png").write_bytes(b"<svg onload=alert(1)>")
    with pytest.raises(Unworkable) as refused:
        line_page(str(tmp_path / "source.png"), str(tmp_path / "page.png"), *SIZE)
    assert refused.value.code == "UNSUPPORTED_IMAGE"


def test_it_is_said_how_many_lines_a_coloured_page_has_kept(tmp_path: Path) -> None:
    page = str(tmp_path / "page.png")
    line_page(saved(drawn(), tmp_path), page, *SIZE)
    sheet(page, str(tmp_path / "sheet.png"), *SIZE)
    with Image.open(tmp_path / "sheet.png") as grey:
        assert (grey.mode, grey.size) == ("L", SIZE)
        same = edit(grey.convert("RGB"), Brief("colour the fox", *SIZE, 0, "openai", "m"))
    another = edit(drawn("line art of a house"), Brief("colour it", *SIZE, 0, "openai", "m"))

    facts = coloured_page(saved(same, tmp_path, "same.png"), str(tmp_path / "same.webp"), page, *SIZE)
    other = coloured_page(saved(another, tmp_path, "other.png"), str(tmp_path / "other.webp"), page, *SIZE)

    assert facts["lines_kept"] > 0.95
    assert other["lines_kept"] < 0.75
    with Image.open(tmp_path / "same.webp") as coloured:
        assert (coloured.format, coloured.size) == ("WEBP", SIZE)
