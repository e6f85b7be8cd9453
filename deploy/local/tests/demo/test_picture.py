"""A picture is saved only when it is the one that was promised."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from atelier_local.demo.checks import DemoFailed
from atelier_local.demo.output import visible_length
from atelier_local.demo.picture import save_picture
from atelier_local.demo.thumbnail import thumbnail_rows


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((64, 36), 80).convert("RGB").save(out, kind)
    return out.getvalue()


def promise(content: bytes, **other: Any) -> dict[str, Any]:
    return {"media_type": "image/webp", "width": 64, "height": 36, "size_bytes": len(content)} | other


def test_saves_what_was_promised(tmp_path: Path) -> None:
    content = encoded("WEBP")
    save_picture(content, promise(content), tmp_path / "demo" / "picture.webp")
    assert (tmp_path / "demo" / "picture.webp").read_bytes() == content


@pytest.mark.parametrize(
    ("content", "other", "problem"),
    [
        (encoded("PNG"), {}, "PNG instead of WebP"),
        (encoded("WEBP")[:-200], {}, "cannot be decoded"),
        (b"<html>", {}, "cannot be decoded"),
        (encoded("WEBP"), {"width": 65}, "measures"),
        (encoded("WEBP"), {"size_bytes": 1}, "bytes instead of 1"),
        (encoded("WEBP"), {"media_type": "image/png"}, "calls the picture image/png"),
    ],
)
def test_refuses_anything_else(tmp_path: Path, content: bytes, other: dict[str, Any], problem: str) -> None:
    file = tmp_path / "picture.webp"
    with pytest.raises(DemoFailed, match=problem):
        save_picture(content, promise(content, **other), file)
    assert not file.exists()


def test_a_thumbnail_keeps_the_shape() -> None:
    rows = thumbnail_rows(encoded("WEBP"), 32)
    assert len(rows) == 9
    assert {visible_length(row) for row in rows} == {32}
