"""Crops: inside, of the right ratio, never distorted, and with what matters in them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from generation.kinds.smart_crop import SIZES, CropFocus
from generation.local.crop_work import crop
from generation.local.cropping import Focus, choose, largest_box
from generation.local.faces import find_faces
from generation.local.failures import Unworkable
from generation.local.pixels import Box, Picture
from generation.local.saliency import foreground

from .drawings import portrait, thing

TARGETS = list(SIZES.values())


def inside(outer: Box, box: tuple[float, float, float, float], slack: float = 0) -> bool:
    left, top, right, bottom = outer.corners
    return left - slack <= box[0] and top - slack <= box[1] and box[2] <= right + slack and box[3] <= bottom + slack


@given(
    full=st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
    target=st.sampled_from(TARGETS),
    focus=st.sampled_from(list(Focus)),
    small=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=80, deadline=None)
def test_any_box_lies_inside_and_has_the_ratio_to_the_pixel(
    full: tuple[int, int], target: tuple[int, int], focus: Focus, small: tuple[int, int], seed: int
) -> None:
    image = Image.effect_noise(small, 80).convert("RGB")
    image.putpixel((seed % small[0], seed % small[1]), (255, seed % 256, 0))

    box = choose(image, full, target, focus).box

    assert inside(Box(0, 0, *full), box.corners)
    assert box.width >= 1
    assert box.height >= 1
    ideal = box.height * target[0] / target[1], box.width * target[1] / target[0]
    assert abs(box.width - ideal[0]) <= max(1, target[0] / target[1]) or min(full) < 3 or 1 in (box.width, box.height)


@given(full=st.tuples(st.integers(20, 9000), st.integers(20, 9000)), target=st.sampled_from(TARGETS))
@settings(max_examples=80, deadline=None)
def test_the_largest_box_touches_two_opposite_sides(full: tuple[int, int], target: tuple[int, int]) -> None:
    width, height = largest_box(full, target)

    assert width == full[0] or height == full[1]
    assert abs(width / height - target[0] / target[1]) <= 0.06 * target[0] / target[1]


def test_the_middle_is_the_middle() -> None:
    chosen = choose(Image.new("RGB", (90, 60)), (900, 600), (1024, 1024), Focus.CENTER)

    assert (chosen.box, chosen.focus) == (Box(150, 0, 600, 600), Focus.CENTER)


def test_a_picture_of_nothing_is_cropped_in_the_middle() -> None:
    assert choose(Image.new("RGB", (90, 60), "navy"), (900, 600), (1024, 1024), Focus.AUTO).box == Box(150, 0, 600, 600)


@pytest.mark.parametrize("left", [20, 250, 560])
@pytest.mark.parametrize("focus", [Focus.AUTO, Focus.PRODUCT])
def test_what_stands_out_stays_in_wherever_it_is(left: int, focus: Focus) -> None:
    box = (left, 120, left + 200, 330)

    chosen = choose(thing((800, 450), box), (800, 450), (1024, 1024), focus)

    assert chosen.focus is focus
    assert inside(chosen.box, box)


def test_a_product_is_framed_closely_but_never_enlarged_for_it() -> None:
    image, box = thing((400, 300), (150, 100, 230, 180)), (1500, 1000, 2300, 1800)

    product = choose(image, (4000, 3000), (1024, 1024), Focus.PRODUCT).box
    small_product = choose(image, (1200, 900), (1024, 1024), Focus.PRODUCT).box

    assert inside(product, box, slack=12)
    assert product.width <= 1.35 * 840
    assert product.width >= 1024
    assert small_product.width == 900, "the source is smaller than the result: all of it is needed"


def test_a_picture_without_background_says_that_auto_decided() -> None:
    noise = Image.effect_noise((200, 150), 120).convert("RGB")

    assert choose(noise, (800, 600), (1024, 1024), Focus.PRODUCT).focus is Focus.AUTO


def test_what_is_cut_out_is_the_product() -> None:
    image = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((140, 30, 179, 69), fill=(200, 30, 30, 255))

    found = foreground(image)

    assert found is not None
    assert inside(Box(138, 28, 44, 44), found.corners)


@pytest.mark.parametrize("radius", [26, 45, 80])
@pytest.mark.parametrize("middle", [(0.25, 0.5), (0.75, 0.45)])
def test_finds_a_face_and_keeps_it_in_the_crop(radius: int, middle: tuple[float, float]) -> None:
    x, y = 480 * middle[0], 360 * middle[1]
    image = portrait((480, 360), (x, y), radius)

    chosen = choose(image, (1920, 1440), (1080, 1920), Focus.FACE)

    assert chosen.focus is Focus.FACE
    (face,) = chosen.faces
    assert abs(face.left / 4 + face.width / 8 - x) < 0.3 * radius
    assert abs(face.top / 4 + face.height / 8 - y) < 0.4 * radius
    eyes_to_mouth = (4 * (x - 0.6 * radius), 4 * (y - radius / 2), 4 * (x + 0.6 * radius), 4 * (y + 0.9 * radius))
    assert inside(chosen.box, eyes_to_mouth)


@pytest.mark.parametrize(
    "image",
    [
        thing((480, 360), (100, 100, 220, 240)),
        Image.effect_noise((480, 360), 90).convert("RGB"),
        Image.radial_gradient("L").resize((480, 360)).convert("RGB"),
        Image.new("RGB", (20, 20)),
        Image.new("RGB", (1, 400)),
    ],
    ids=["thing", "noise", "gradient", "tiny", "thread"],
)
def test_sees_no_face_where_there_is_none_and_falls_back_to_auto(image: Image.Image) -> None:
    assert find_faces(image) == []
    assert choose(image, image.size, (1024, 1024), Focus.FACE).focus is Focus.AUTO


def test_the_kind_offers_what_the_algorithm_knows() -> None:
    assert {focus.value for focus in CropFocus} == {focus.value for focus in Focus}


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("size", [(3000, 2000), (300, 200), (5, 900)])
@pytest.mark.parametrize("target", TARGETS)
def test_writes_a_picture_of_the_size_and_says_whether_it_was_enlarged(
    tmp_path: Path, suffix: str, size: tuple[int, int], target: tuple[int, int]
) -> None:
    source, result = tmp_path / f"source.{suffix}", tmp_path / "result"
    Image.linear_gradient("L").resize(size).convert("RGB").save(source)

    facts = crop(str(source), str(result), *target, "auto")

    with Image.open(result) as made:
        assert (made.format, made.size) == ("WEBP", target)
    assert (facts["original_width"], facts["original_height"]) == size
    assert (facts["scale"] > 1) == (facts["box"]["width"] < target[0])


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_circle_stays_a_circle_and_where_it_was(tmp_path: Path, suffix: str) -> None:
    source, result = tmp_path / f"source.{suffix}", tmp_path / "result"
    image = Image.new("RGB", (4001, 2999), "white")
    ImageDraw.Draw(image).ellipse((1500, 1000, 2499, 1999), fill="black")
    image.save(source)

    box = crop(str(source), str(result), 1024, 1024, "center")["box"]

    with Image.open(result) as made:
        dark = made.convert("L").point([255 * (value < 128) for value in range(256)]).getbbox()
    scale = 1024 / box["width"]
    expected = [(1500 - box["left"]) * scale, 1000 * scale, (2500 - box["left"]) * scale, 2000 * scale]
    assert dark == pytest.approx(expected, abs=2)


def test_transparency_is_kept(tmp_path: Path) -> None:
    source, result = tmp_path / "source.png", tmp_path / "result"
    Image.new("RGBA", (900, 900), (10, 20, 30, 0)).save(source)

    crop(str(source), str(result), 1024, 1024, "auto")

    with Image.open(result) as made:
        assert made.mode == "RGBA"
        assert made.getchannel("A").getextrema() == (0, 0)


@given(
    size=st.tuples(st.integers(60, 700), st.integers(60, 700)),
    side=st.integers(20, 200),
    mode=st.sampled_from(["RGB", "RGBA", "L"]),
)
@settings(max_examples=40, deadline=None)
def test_shrinking_strip_by_strip_is_shrinking(
    tmp_path_factory: pytest.TempPathFactory, size: tuple[int, int], side: int, mode: str
) -> None:
    path = tmp_path_factory.mktemp("shrink") / "source.png"
    ramp = Image.linear_gradient("L").resize(size).convert(mode)
    ramp.save(path)

    shrunk = Picture(str(path)).shrunk(side)

    assert max(shrunk.size) == min(side, max(size))
    reference = ramp.convert(shrunk.mode).resize(shrunk.size, Image.Resampling.BOX)
    difference = [
        abs(a - b) for a, b in zip(shrunk.convert("L").tobytes(), reference.convert("L").tobytes(), strict=True)
    ]
    assert sum(difference) / len(difference) < 6


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff\xe0 cut", b"<svg/>"])
def test_refuses_what_is_no_picture(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "source"
    path.write_bytes(content)

    with pytest.raises(Unworkable, match="UNSUPPORTED_IMAGE"):
        crop(str(path), str(tmp_path / "result"), 1024, 1024, "auto")


def test_refuses_a_damaged_picture(tmp_path: Path) -> None:
    path = tmp_path / "source.png"
    Image.effect_noise((300, 300), 50).save(path)
    path.write_bytes(path.read_bytes()[:20_000])

    with pytest.raises(Unworkable, match="damaged"):
        crop(str(path), str(tmp_path / "result"), 1024, 1024, "auto")
