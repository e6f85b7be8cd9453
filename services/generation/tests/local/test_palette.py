"""Palettes: exact on what is drawn flat, honest shares, stable, and roles that follow their rule."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw

from generation.local.colour_names import _known, nearest_names
from generation.local.contrast import contrast_ratio
from generation.local.oklab import to_oklab, to_srgb
from generation.local.palette import COLOURS_MAX, COLOURS_MIN, SAME_DISTANCE, Role, extract, roles
from generation.local.palette_work import contrast_pairs, palette

from .drawings import bands, poster

FIVE = [(230, 60, 40), (30, 90, 160), (245, 225, 120), (20, 20, 25), (240, 240, 238)]


def pixels_of(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGBA"))


def lab_of(colour: str) -> np.ndarray:
    return to_oklab(np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]))


pictures = arrays(
    np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24), st.just(4)), elements=st.integers(0, 255)
).map(lambda pixels: np.concatenate([pixels[..., :3], np.maximum(pixels[..., 3:], 200)], axis=-1))


@given(pixels=pictures, count=st.integers(COLOURS_MIN, COLOURS_MAX))
@settings(max_examples=60, deadline=None)
def test_any_picture_gives_different_colours_whose_shares_sum_to_one(pixels: np.ndarray, count: int) -> None:
    found = extract(pixels, count)

    assert 1 <= len(found) <= count
    assert sum(round(colour.share * 10_000) for colour in found) == 10_000
    assert [colour.share for colour in found] == sorted((colour.share for colour in found), reverse=True)
    assert len({colour.hex for colour in found}) == len(found)
    assert all(len(colour.hex) == 7 for colour in found)
    assert extract(pixels.copy(), count) == found


def test_flat_colours_are_found_exactly_with_their_shares() -> None:
    found = extract(pixels_of(bands((500, 200), *FIVE)), 5)

    assert {colour.hex for colour in found} == {f"#{r:02x}{g:02x}{b:02x}" for r, g, b in FIVE}
    assert all(abs(colour.share - 0.2) < 0.01 for colour in found)


def test_a_picture_of_one_colour_has_a_palette_of_one() -> None:
    (only,) = extract(pixels_of(Image.new("RGB", (40, 30), (12, 200, 90))), 12)

    assert (only.hex, only.share, only.role) == ("#0cc85a", 1.0, Role.BACKGROUND)


def test_shades_that_look_the_same_are_one_colour() -> None:
    noise = np.random.default_rng(7).normal(0, 2.0, (80, 80, 3))
    grey = np.clip(128 + noise, 0, 255).astype(np.uint8)

    found = extract(pixels_of(Image.fromarray(grey)), 8)

    assert len(found) == 1
    assert np.linalg.norm(lab_of(found[0].hex) - lab_of("#808080")) < SAME_DISTANCE


def test_a_small_vivid_accent_outlives_many_shades_of_the_ground() -> None:
    ramp = np.repeat(np.linspace(90, 220, 300).astype(np.uint8)[None, :, None], 200, axis=0).repeat(3, axis=2)
    ramp[20:48, 30:58] = (220, 30, 30)

    found = extract(pixels_of(Image.fromarray(ramp)), 4)

    accent = next(colour for colour in found if colour.role is Role.ACCENT)
    assert np.linalg.norm(lab_of(accent.hex) - lab_of("#dc1e1e")) < 0.06
    assert accent.share == pytest.approx(28 * 28 / 60_000, abs=0.004)


def test_smoothed_edges_are_no_colours_of_a_design(tmp_path: Path) -> None:
    large = Image.new("RGB", (2400, 1600), "white")
    draw = ImageDraw.Draw(large)
    for number, colour in enumerate(((200, 30, 30), (30, 160, 60), (30, 40, 160))):
        draw.ellipse((200 + 700 * number, 400, 800 + 700 * number, 1000), fill=colour)
    large.resize((600, 400), Image.Resampling.LANCZOS).save(tmp_path / "design.png")

    found = palette(str(tmp_path / "design.png"), 8)["colors"]

    assert {colour["hex"] for colour in found} == {"#ffffff", "#c81e1e", "#1ea03c", "#1e28a0"}


def test_what_is_transparent_does_not_count() -> None:
    image = Image.new("RGBA", (100, 100), (255, 0, 255, 0))
    image.paste((20, 120, 60, 255), (0, 0, 100, 50))

    assert [colour.hex for colour in extract(pixels_of(image), 6)] == ["#14783c"]
    with pytest.raises(ValueError, match="nothing is visible"):
        extract(pixels_of(Image.new("RGBA", (9, 9), (1, 2, 3, 0))), 3)


def test_each_part_of_a_poster_is_told_by_its_role() -> None:
    found = {colour.role: colour.hex for colour in extract(pixels_of(poster()), 4)}

    assert found == {
        Role.BACKGROUND: "#fafaf8",
        Role.DOMINANT: "#1c4a8c",
        Role.TEXT: "#0c0c0e",
        Role.ACCENT: "#d6281e",
    }


@given(
    st.lists(st.from_regex(r"\A#[0-9a-f]{6}\Z"), min_size=1, max_size=12, unique=True),
    st.randoms(use_true_random=False),
)
@settings(max_examples=80, deadline=None)
def test_leading_roles_are_given_once_and_text_is_legible(colours: list[str], random: object) -> None:
    draw = random.random  # type: ignore[attr-defined]
    shares = sorted((draw() for _ in colours), reverse=True)
    given_roles = roles(colours, shares, [draw() for _ in colours])

    for role in (Role.BACKGROUND, Role.DOMINANT, Role.ACCENT, Role.TEXT):
        assert given_roles.count(role) <= 1
    if Role.TEXT in given_roles:
        ground = Role.BACKGROUND if Role.BACKGROUND in given_roles else Role.DOMINANT
        pair = colours[given_roles.index(Role.TEXT)], colours[given_roles.index(ground)]
        assert contrast_ratio(*pair) >= 4.5


@given(arrays(np.uint8, (20, 3)))
@settings(max_examples=50, deadline=None)
def test_oklab_goes_there_and_back(rgb: np.ndarray) -> None:
    assert np.array_equal(to_srgb(to_oklab(rgb)), rgb)


def test_oklab_agrees_with_its_published_values() -> None:
    assert np.allclose(to_oklab(np.array([255, 255, 255])), [1, 0, 0], atol=1e-4)
    assert np.allclose(to_oklab(np.array([255, 0, 0])), [0.62796, 0.22486, 0.12585], atol=1e-4)
    assert np.allclose(to_oklab(np.array([0, 0, 255])), [0.45201, -0.03246, -0.31153], atol=1e-4)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.47),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ff0000", 1.0),
    ],
)
def test_contrast_is_that_of_wcag_and_never_rounded_up(one: str, other: str, ratio: float) -> None:
    assert contrast_ratio(one, other) == contrast_ratio(other, one) == ratio


def test_pairs_say_what_they_pass_and_leave_out_what_passes_nothing() -> None:
    pairs = contrast_pairs(["#ffffff", "#767676", "#949494", "#000000", "#cccccc"])

    assert [pair["ratio"] for pair in pairs] == sorted((pair["ratio"] for pair in pairs), reverse=True)
    by_pair = {(pair["first"], pair["second"]): pair for pair in pairs}
    assert ("#ffffff", "#cccccc") not in by_pair
    passed = [by_pair["#ffffff", "#767676"][level] for level in ("aa", "aa_large", "aaa", "aaa_large")]
    assert passed == [True, True, False, True]
    assert (by_pair["#ffffff", "#949494"]["aa"], by_pair["#ffffff", "#949494"]["aa_large"]) == (False, True)


@pytest.mark.parametrize(
    ("colour", "names"),
    [
        ("#000000", ("black", "noir")),
        ("#fe0101", ("red", "rouge")),
        ("#808000", ("olive", "olive")),
        ("#0000fa", ("blue", "bleu")),
        ("#7b3f01", ("chocolate", "chocolat")),
        ("#008181", ("teal", "sarcelle")),
    ],
)
def test_names_are_those_of_the_nearest_colour(colour: str, names: tuple[str, str]) -> None:
    assert nearest_names([colour]) == [names]


def test_there_are_many_names_and_none_twice() -> None:
    names, places = _known()

    assert len(names) == len(places) >= 150
    assert len({english for english, _ in names}) == len({french for _, french in names}) == len(names)
    assert len(np.unique(places.round(5), axis=0)) == len(places)
