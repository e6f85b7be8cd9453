"""The picture work around a cut-out: the copy that is shown, and the original that is cut."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter

from generation.local import cut_out_work
from generation.local.cut_out_work import copy, finish
from generation.local.failures import Unworkable

RED, GREEN = (200, 40, 30), (20, 220, 40)
BOX = (60, 40, 180, 140)


def soft_thing(folder: Path, size: tuple[int, int] = (240, 180)) -> tuple[Path, Path]:
    """A red thing on green whose edges mix with the green, and the alpha channel that says how much."""
    alpha = Image.new("L", size, 0)
    ImageDraw.Draw(alpha).rectangle(BOX, fill=255)
    alpha = alpha.filter(ImageFilter.GaussianBlur(4))
    scene = Image.composite(Image.new("RGB", size, RED), Image.new("RGB", size, GREEN), alpha)
    scene.save(folder / "scene.png")
    alpha.save(folder / "alpha.png")
    return folder / "scene.png", folder / "alpha.png"


def finished(folder: Path, source: Path, alpha: Path, file_format: str = "png") -> Image.Image:
    target = folder / f"cut.{file_format}"
    finish(str(source), str(alpha), str(target), file_format)
    with Image.open(target) as image:
        image.load()
        assert not image.info.get("exif")
        return image


def test_no_rim_of_the_former_background_shines(tmp_path: Path) -> None:
    cut = finished(tmp_path, *soft_thing(tmp_path))
    for place in range(BOX[0] - 8, BOX[0] + 8):
        red, green, _, alpha = cut.getpixel((place, 90))  # type: ignore[misc]
        if alpha > 24:
            assert green < 90, f"green shines at {place}, where a mixture of half and half would be 130"
            assert red > 150


def test_what_is_solid_keeps_its_pixels_and_bands_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, alpha = soft_thing(tmp_path)
    whole = finished(tmp_path, source, alpha)
    monkeypatch.setattr(cut_out_work, "_BAND_ROWS", 16)
    in_bands = finished(tmp_path, source, alpha)
    assert whole.tobytes() == in_bands.tobytes()
    assert whole.getpixel((120, 90)) == (*RED, 255)
    assert whole.getpixel((5, 5))[3] == 0  # type: ignore[index]


def test_a_small_alpha_channel_cuts_the_whole_picture_and_transparency_stays(tmp_path: Path) -> None:
    source, alpha = soft_thing(tmp_path)
    with Image.open(alpha) as channel:
        channel.resize((60, 45)).save(alpha)
    with Image.open(source) as image:
        with_hole = image.convert("RGBA")
    with_hole.paste((0, 0, 0, 0), (100, 70, 140, 110))
    with_hole.save(source)

    cut = finished(tmp_path, source, alpha, "webp")

    assert (cut.size, cut.mode) == ((240, 180), "RGBA")
    assert [cut.getpixel(spot)[3] for spot in ((5, 5), (120, 90), (80, 60))] == [0, 0, 255]  # type: ignore[index]


def test_what_is_too_large_comes_back_smaller_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_out_work, "RESULT_PIXELS_MAX", 120 * 90)
    source, alpha = soft_thing(tmp_path)
    facts = finish(str(source), str(alpha), str(tmp_path / "cut"), "png")
    assert (facts["width"], facts["height"]) == (120, 90)
    assert facts["subject_share"] == pytest.approx(121 * 101 / (240 * 180), rel=0.1)


def test_the_copy_is_opaque_small_and_without_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "at home"
    Image.new("RGBA", (3000, 1500), (0, 0, 0, 0)).save(tmp_path / "large.png", exif=exif)
    facts = copy(str(tmp_path / "large.png"), str(tmp_path / "copy"))
    assert facts == {"width": 2048, "height": 1024, "original_width": 3000, "original_height": 1500}
    with Image.open(tmp_path / "copy") as image:
        assert (image.format, image.mode, image.getpixel((9, 9))) == ("JPEG", "RGB", (255, 255, 255))
        assert not image.getexif()


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no picture")
    with pytest.raises(Unworkable):
        copy(str(tmp_path / "text"), str(tmp_path / "copy"))
