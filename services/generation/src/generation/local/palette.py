"""A palette from an image: its main colours in OKLab, how much each covers, and what part each plays."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from generation.local.contrast import AA, contrast_ratio
from generation.local.oklab import Floats, to_oklab, to_srgb

COLOURS_MIN, COLOURS_MAX = 3, 12
SIDE_MAX = 160
"""Images are looked at in this size."""
ALPHA_MIN = 128
"""What is more transparent is not there."""
SAME_DISTANCE = 0.045
"""Colours nearer to each other than this in OKLab look the same beside each other."""
SHARE_MIN = 0.002
"""What covers less is noise."""
FLAT_SHARE = 0.3
"""Where one exact colour makes up this much of a group (a drawing, a logo), it stands for the group, not the mean."""
EDGE_DISTANCE = 0.08
EDGE_WEIGHT = 0.15
"""Pixels unlike a neighbour count this much when colours are chosen: smoothed edges are no colours of a design."""
ROUNDS_MAX = 30
FRAME = 0.06
FRAME_SHARE_MIN = 0.4
VIVID_CHROMA = 0.08
VIVID_DISTANCE = 0.12
SECONDARY_SHARE = 0.1

Pixels = NDArray[np.uint8]
Bins = NDArray[np.int64]


class Role(StrEnum):
    """What part a colour plays; see `roles` for the rule."""

    BACKGROUND = "background"
    DOMINANT = "dominant"
    ACCENT = "accent"
    TEXT = "text"
    SECONDARY = "secondary"
    DETAIL = "detail"


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour of a palette; `share` is what it covers of all that is visible, 0–1."""

    hex: str
    share: float
    role: Role


def extract(pixels: Pixels, count: int) -> list[Colour]:
    """The main colours of an image (rows × columns × RGBA), at most `count`, the largest first.

    There are fewer where the image has fewer that differ. Shares are of 1/10000 and sum to 1. The same pixels always
    give the same palette.

    Raises:
        ValueError: nothing of the image is visible.
    """
    visible = pixels[..., 3] >= ALPHA_MIN
    if not visible.any():
        raise ValueError("nothing is visible")
    rgb = pixels[..., :3][visible]
    lab = to_oklab(pixels[..., :3])
    weight = np.where(_edges(lab)[visible], EDGE_WEIGHT, 1.0)
    lab = lab[visible]
    exact, bin_of = _binned(rgb)
    weights = _sums(weight, bin_of, int(bin_of.max()) + 1)
    points = _means(lab * weight[:, None], bin_of, weights)
    group_of = _grouped(points, weights, count)
    group_of_pixel = group_of[bin_of]
    colours, shares = _representatives(lab, weight, exact, group_of_pixel)
    framed = np.zeros(visible.shape, dtype=bool)
    rows, columns = (max(1, round(FRAME * side)) for side in visible.shape)
    framed[:rows] = framed[-rows:] = framed[:, :columns] = framed[:, -columns:] = True
    frame = np.bincount(group_of_pixel[framed[visible]], minlength=len(shares)) / framed.sum()
    order = sorted(range(len(shares)), key=lambda index: (-shares[index], colours[index]))
    named = roles([colours[i] for i in order], [shares[i] for i in order], [float(frame[i]) for i in order])
    parts = _ten_thousandths([shares[i] for i in order])
    return [Colour(colours[i], part / 10_000, role) for i, part, role in zip(order, parts, named, strict=True)]


def roles(colours: list[str], shares: list[float], frame_shares: list[float]) -> list[Role]:
    """What part each colour plays. `colours` are ordered by share; `frame_shares` say what each covers of the rim.

    In this order, each part once: *background* covers at least 40 % of the rim; *dominant* is the largest of the rest;
    *accent* is the most vivid of the rest, if it is vivid and not near the background; *text* is the one of the rest
    that stands out most from the background (from the dominant colour where there is none), with at least 4.5:1.
    Others are *secondary* from 10 % of the image on and *detail* below.
    """
    lab = to_oklab(np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours]))
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    found: dict[int, Role] = {}
    rim = max(range(len(colours)), key=lambda i: frame_shares[i])
    if frame_shares[rim] >= FRAME_SHARE_MIN:
        found[rim] = Role.BACKGROUND
    rest = [i for i in range(len(colours)) if i not in found]
    if rest:
        found[rest[0]] = Role.DOMINANT
    ground = rim if rim in found and found[rim] is Role.BACKGROUND else 0
    vivid = [
        i for i in rest[1:]
        if chroma[i] >= VIVID_CHROMA and np.linalg.norm(lab[i] - lab[ground]) >= VIVID_DISTANCE
    ]  # fmt: skip
    if vivid:
        found[max(vivid, key=lambda i: chroma[i])] = Role.ACCENT
    legible = [i for i in rest if i not in found and contrast_ratio(colours[i], colours[ground]) >= AA]
    if legible:
        found[max(legible, key=lambda i: contrast_ratio(colours[i], colours[ground]))] = Role.TEXT
    return [found.get(i, Role.SECONDARY if shares[i] >= SECONDARY_SHARE else Role.DETAIL) for i in range(len(colours))]


def _edges(lab: Floats) -> NDArray[np.bool_]:
    """Which pixels differ from the one above, below, left or right."""
    edges = np.zeros(lab.shape[:2], dtype=bool)
    across = _squared(lab[:, 1:], lab[:, :-1]) > EDGE_DISTANCE**2
    down = _squared(lab[1:], lab[:-1]) > EDGE_DISTANCE**2
    edges[:, 1:] |= across
    edges[:, :-1] |= across
    edges[1:] |= down
    edges[:-1] |= down
    return edges


def _binned(rgb: Pixels) -> tuple[Bins, Bins]:
    """Each pixel's exact colour as one number, and the number of its bin of 5 bits a channel."""
    wide = rgb.astype(np.int64)
    exact = wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2]
    coarse = wide >> 3
    _, bin_of = np.unique(coarse[:, 0] << 10 | coarse[:, 1] << 5 | coarse[:, 2], return_inverse=True)
    return exact, bin_of.astype(np.int64)


def _means(values: Floats, group_of: Bins, weights: Floats) -> Floats:
    sums = [_sums(values[:, channel], group_of, len(weights)) for channel in range(values.shape[1])]
    return np.asarray(np.stack(sums, axis=1) / weights[:, None])


def _sums(values: Floats, group_of: Bins, groups: int) -> Floats:
    return np.bincount(group_of, values, groups).astype(np.float64)


def _grouped(points: Floats, weights: Floats, count: int) -> Bins:
    """The number of the group of each point: k-means with more groups than wanted, then the nearest are merged."""
    centres = _seeds(points, weights, min(2 * count + 4, len(points)))
    nearest = _nearest(points, centres)
    for _ in range(ROUNDS_MAX):
        used, nearest = np.unique(nearest, return_inverse=True)
        centres = _means(points * weights[:, None], nearest, _sums(weights, nearest, len(used)))
        again = _nearest(points, centres)
        if np.array_equal(again, nearest):
            break
        nearest = again
    return _merged(centres, _sums(weights, nearest, len(centres)), count)[nearest]


def _seeds(points: Floats, weights: Floats, count: int) -> Floats:
    """The heaviest point, then again and again the one that is farthest from all seeds for its weight."""
    chosen = [int(np.argmax(weights))]
    distance = _squared(points, points[chosen[0]])
    while len(chosen) < count:
        farthest = int(np.argmax(distance * np.sqrt(weights)))
        chosen.append(farthest)
        distance = np.minimum(distance, _squared(points, points[farthest]))
    return points[chosen]


def _merged(centres: Floats, weights: Floats, count: int) -> Bins:
    """The number of the group of each centre, once what looks the same, is noise or is too many has been merged.

    Merging costs the squared distance times the root of the harmonic weight: a small accent outlives a second shade.
    """
    group_of = np.arange(len(centres))
    centres, weights = centres.copy(), weights.copy()
    alive = [i for i in range(len(centres)) if weights[i] > 0]
    noise = SHARE_MIN * weights.sum()
    while len(alive) > 1:
        pairs = [(one, other) for position, one in enumerate(alive) for other in alive[position + 1 :]]
        apart = np.array([float(_squared(centres[one], centres[other])) for one, other in pairs])
        lighter = np.array([weights[one] * weights[other] / (weights[one] + weights[other]) for one, other in pairs])
        needless = (apart < SAME_DISTANCE**2) | (lighter < noise)
        if len(alive) <= count and not needless.any():
            break
        cost = apart * np.sqrt(lighter)
        cost[~needless] += needless.any() * 1e9
        one, other = pairs[int(np.argmin(cost))]
        both = weights[one] + weights[other]
        centres[one] = (centres[one] * weights[one] + centres[other] * weights[other]) / both
        weights[one] = both
        group_of[group_of == other] = one
        alive.remove(other)
    return np.searchsorted(np.array(alive), group_of)


def _nearest(points: Floats, centres: Floats) -> Bins:
    return np.asarray(np.argmin(np.stack([_squared(points, centre) for centre in centres]), axis=0))


def _squared(points: Floats, point: Floats) -> Floats:
    return np.asarray(((points - point) ** 2).sum(axis=-1))


def _representatives(lab: Floats, weight: Floats, exact: Bins, group_of: Bins) -> tuple[list[str], list[float]]:
    colours, shares = [], []
    for group in range(int(group_of.max()) + 1):
        inside = group_of == group
        values, counts = np.unique(exact[inside], return_counts=True)
        top = int(np.argmax(counts))
        if counts[top] >= FLAT_SHARE * counts.sum():
            colours.append(f"#{int(values[top]):06x}")
        else:
            mean = np.average(lab[inside], axis=0, weights=weight[inside])
            red, green, blue = to_srgb(mean).tolist()
            colours.append(f"#{red:02x}{green:02x}{blue:02x}")
        shares.append(float(counts.sum()) / len(exact))
    return colours, shares


def _ten_thousandths(shares: list[float]) -> list[int]:
    """Shares as whole ten-thousandths that sum to 10,000: what rounding leaves goes to the largest remainders."""
    parts = [int(share * 10_000) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: (parts[i] - shares[i] * 10_000, i))
    for index in by_remainder[: 10_000 - sum(parts)]:
        parts[index] += 1
    return parts
