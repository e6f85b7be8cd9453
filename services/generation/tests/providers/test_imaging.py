"""Judging and re-encoding image bytes."""

import io
import struct
import zlib

import pytest
from PIL import Image

from generation.providers.imaging import Imaging, UnusableImage, encode_webp, inspect_image

from .scripted import png


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("format", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
def test_says_what_an_image_is(format: str, media_type: str) -> None:
    facts = inspect_image(saved(Image.new("RGB", (30, 20)), format))
    assert (facts.media_type, facts.width, facts.height) == (media_type, 30, 20)


FRAMES = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        png()[:70],
        saved(Image.effect_noise((200, 200), 50).convert("RGB"), "JPEG")[:4000],
        saved(Image.new("RGB", (8, 8)), "GIF"),
        saved(Image.new("RGB", (8, 8)), "EPS"),
        saved(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]),
        bomb(7000, 7000),
        bomb(10_000, 10_000),
        bomb(60_000, 60_000),
    ],
    ids=["nothing", "page", "half png", "half jpeg", "gif", "eps", "animated", "49 MP", "100 MP", "3600 MP"],
)
def test_turns_down_what_is_not_a_whole_still_image(content: bytes) -> None:
    with pytest.raises(UnusableImage):
        inspect_image(content)


def test_webp_is_upright_and_carries_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "secret place"
    encoded = encode_webp(saved(Image.new("RGB", (30, 20)), "JPEG", exif=exif, icc_profile=b"x" * 200))
    assert (encoded.width, encoded.height) == (20, 30)
    result = Image.open(io.BytesIO(encoded.content))
    assert result.format == "WEBP"
    assert not result.getexif()
    assert not {"exif", "xmp", "icc_profile"} & set(result.info)
    assert b"secret" not in encoded.content


def test_webp_keeps_transparency() -> None:
    encoded = encode_webp(saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG"))
    assert Image.open(io.BytesIO(encoded.content)).mode == "RGBA"


async def test_runs_off_the_event_loop(imaging: Imaging) -> None:
    assert (await imaging.inspect(png())).width == 64
    assert (await imaging.to_webp(png())).content[:4] == b"RIFF"
