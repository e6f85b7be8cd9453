"""What becomes of files: pictures come out upright and bare, everything else is refused in words for its owner."""

import hashlib
import time
from pathlib import Path

import pytest
from PIL import Image

from generation.assets.pictures import PictureFacts, Pictures
from generation.assets.rules import PICTURE_BYTES_MAX, PictureRefused
from generation.local.pool import LocalPool, PoolLimits

from . import specimens
from .specimens import REFUSED, SECRET, encoded, noise, two_halves


class Desk:
    def __init__(self, pool: LocalPool, folder: Path) -> None:
        self.pictures = Pictures(pool)
        self.folder = folder

    async def clean(self, content: bytes) -> tuple[PictureFacts, Image.Image, bytes]:
        (self.folder / "raw").write_bytes(content)
        facts = await self.pictures.clean(self.folder / "raw", self.folder / "clean")
        made = (self.folder / "clean").read_bytes()
        with Image.open(self.folder / "clean") as image:
            image.load()
        return facts, image, made


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """Red, green, blue and alpha."""
    value = image.convert("RGBA").getpixel((x, y))
    assert isinstance(value, tuple)
    return value


@pytest.fixture
def desk(pool: LocalPool, tmp_path: Path) -> Desk:
    return Desk(pool, tmp_path)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (specimens.jpeg(), "image/jpeg"),
        (encoded(two_halves(), "PNG"), "image/png"),
        (encoded(two_halves(mode="P"), "PNG"), "image/png"),
        (encoded(two_halves(), "WEBP", lossless=True), "image/webp"),
        (specimens.jpeg(progressive=True), "image/jpeg"),
    ],
    ids=["jpeg", "png", "palette", "webp", "progressive"],
)
async def test_a_picture_keeps_its_look_size_and_format(desk: Desk, content: bytes, media_type: str) -> None:
    facts, image, made = await desk.clean(content)

    assert (facts.media_type, facts.width, facts.height) == (media_type, 80, 40)
    assert (facts.size_bytes, facts.sha256) == (len(made), hashlib.sha256(made).hexdigest())
    red, blue = pixel(image, 10, 20), pixel(image, 70, 20)
    assert red[0] > 240 > 30 > red[2]
    assert blue[2] > 240 > 30 > blue[0]


async def test_turns_a_photo_upright_and_strips_what_it_tells(desk: Desk) -> None:
    facts, image, made = await desk.clean(specimens.photo_with_exif(orientation=6))

    assert (facts.width, facts.height) == (40, 80)
    assert pixel(image, 20, 5)[0] > 200  # the left half has become the upper one
    assert not image.getexif()
    assert SECRET.encode() not in made
    assert b"Exif" not in made


async def test_strips_text_and_what_stands_behind_a_picture(desk: Desk) -> None:
    for content in (specimens.png_with_text(), specimens.jpeg() + specimens.SCRIPT):
        _, _, made = await desk.clean(content)
        assert SECRET.encode() not in made
        assert b"script" not in made


async def test_print_colours_and_sixteen_bits_become_what_screens_show(desk: Desk) -> None:
    _, image, _ = await desk.clean(specimens.cmyk())
    assert image.mode == "RGB"
    assert pixel(image, 10, 20)[0] > 200

    _, image, _ = await desk.clean(specimens.sixteen_bits())
    assert image.mode == "L"
    assert 126 <= pixel(image, 5, 5)[0] <= 129


async def test_transparency_is_kept(desk: Desk) -> None:
    see_through = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    for file_format in ("PNG", "WEBP"):
        _, image, _ = await desk.clean(encoded(see_through, file_format))
        assert pixel(image, 5, 5)[3] == 0


async def test_a_profile_of_no_use_is_passed_over(desk: Desk) -> None:
    for profile in (b"junk", specimens.wide_gamut_profile()):
        facts, _, made = await desk.clean(specimens.jpeg(icc_profile=profile))
        assert (facts.width, facts.height) == (80, 40)
        assert b"ICC_PROFILE" not in made


async def test_a_profile_that_means_other_colours_is_followed(desk: Desk) -> None:
    as_is = (await desk.clean(specimens.jpeg()))[1].getpixel((10, 20))
    meant = (await desk.clean(specimens.jpeg(icc_profile=specimens.swapped_profile())))[1].getpixel((10, 20))
    assert as_is != meant


async def test_the_same_picture_is_the_same_file(desk: Desk) -> None:
    first, _, _ = await desk.clean(specimens.photo_with_exif())
    second, _, _ = await desk.clean(specimens.photo_with_exif())
    assert first == second


@pytest.mark.parametrize("what", REFUSED)
async def test_refuses(desk: Desk, what: str) -> None:
    with pytest.raises(PictureRefused) as refusal:
        await desk.clean(REFUSED[what])
    assert refusal.value.code == "UNSUPPORTED_IMAGE"
    assert not (desk.folder / "clean").exists()


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (7000, 6000), (40_000, 10), (2**31 - 1, 2**31 - 1)])
async def test_refuses_bombs_before_it_unpacks_them(desk: Desk, width: int, height: int) -> None:
    content = specimens.png_of(width, height, b"\x78\x9c")
    started = time.monotonic()
    with pytest.raises(PictureRefused) as refusal:
        await desk.clean(content)
    assert refusal.value.code in ("IMAGE_TOO_LARGE", "UNSUPPORTED_IMAGE")
    assert len(content) < 100
    assert time.monotonic() - started < 10


async def test_refuses_a_file_that_is_too_long(desk: Desk) -> None:
    with pytest.raises(PictureRefused) as refusal:
        await desk.clean(specimens.jpeg() + bytes(PICTURE_BYTES_MAX))
    assert refusal.value.code == "IMAGE_TOO_LARGE"


async def test_takes_forty_megapixels_within_its_memory(desk: Desk) -> None:
    content = encoded(Image.new("RGB", (8000, 5000), "teal"), "JPEG")
    facts, _, _ = await desk.clean(content)
    assert (facts.width, facts.height) == (8000, 5000)


async def test_a_picture_that_needs_more_memory_than_there_is_harms_only_itself(tmp_path: Path) -> None:
    small = LocalPool(PoolLimits(processes_max=1, memory_bytes_max=150 * 1024 * 1024))
    try:
        desk = Desk(small, tmp_path)
        with pytest.raises(PictureRefused) as refusal:
            await desk.clean(encoded(Image.new("RGB", (8000, 5000), "teal"), "JPEG"))
        assert refusal.value.code == "IMAGE_TOO_LARGE"
        facts, _, _ = await desk.clean(encoded(noise(100, 100), "JPEG"))
        assert facts.width == 100
    finally:
        await small.drain()
