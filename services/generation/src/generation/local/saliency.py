"""What in an image draws the eye, and what of it is the thing in front of a background."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from generation.local.oklab import Floats, to_oklab
from generation.local.pixels import Box

EDGE_SHARE, DISTINCT_SHARE, VIVID_SHARE = 0.35, 0.45, 0.2
CENTRE_LOSS = 0.35
"""What saliency loses at the corners: people put what matters nearer to the middle."""
RIM = 0.04
RIM_COLOURS = 3
FOREGROUND_DISTANCE = 0.07
FOREGROUND_MIN, FOREGROUND_MAX = 0.005, 0.85
"""A foreground of less is a speck, of more there is no background."""
EXTENT_MAX = 0.95
"""What reaches over more than this both ways is not a thing, it is the picture."""
TRIM = 0.01
"""What of the foreground may lie outside its box on each side: specks far from the thing do not stretch it."""

Mask = NDArray[np.bool_]


def saliency(image: Image.Image) -> Floats:
    """How much each pixel of a small image draws the eye, 0–1: edges, colours unlike the rest, vivid colours."""
    lab = to_oklab(np.asarray(image.convert("RGB").filter(ImageFilter.GaussianBlur(1))))
    edges = np.hypot(*np.gradient(lab[..., 0])) if min(lab.shape[:2]) > 1 else np.zeros(lab.shape[:2])
    distinct = np.linalg.norm(lab - lab.mean(axis=(0, 1)), axis=-1)
    vivid = np.hypot(lab[..., 1], lab[..., 2])
    parts = (_scaled(edges) * EDGE_SHARE, _scaled(distinct) * DISTINCT_SHARE, _scaled(vivid) * VIVID_SHARE)
    rows, columns = (np.linspace(-1, 1, side) for side in lab.shape[:2])
    away = np.minimum(np.hypot(rows[:, None], columns[None, :]) / np.sqrt(2), 1)
    seen = _opacity(image)
    return np.asarray(sum(parts) * (1 - CENTRE_LOSS * away) * seen)


def foreground(image: Image.Image) -> Box | None:
    """The box of what differs from the colours of the rim; none where nothing stands before a background."""
    opacity = _opacity(image)
    if opacity.min() < 0.5:
        mask: Mask = opacity >= 0.5
    else:
        lab = to_oklab(np.asarray(image.convert("RGB").filter(ImageFilter.MedianFilter(5))))
        apart = np.min([np.linalg.norm(lab - colour, axis=-1) for colour in _rim_colours(lab)], axis=0)
        mask = apart > FOREGROUND_DISTANCE
    if not FOREGROUND_MIN <= mask.mean() <= FOREGROUND_MAX:
        return None
    left, right = _extent(mask.sum(axis=0))
    top, bottom = _extent(mask.sum(axis=1))
    if right - left > EXTENT_MAX * image.width and bottom - top > EXTENT_MAX * image.height:
        return None
    return Box(left, top, right - left, bottom - top)


def _opacity(image: Image.Image) -> Floats:
    if image.mode != "RGBA":
        return np.ones((image.height, image.width))
    return np.asarray(image.getchannel("A"), dtype=np.float64) / 255


def _scaled(values: Floats) -> Floats:
    """0–1 by the 99th percentile, so that one bright dot does not dim all else."""
    top = float(np.quantile(values, 0.99))
    return np.clip(values / top, 0, 1) if top > 1e-6 else np.zeros_like(values)


def _rim_colours(lab: Floats) -> Floats:
    """The few colours the rim consists of, by k-means from the rim's corners and sides."""
    depth = max(1, round(RIM * min(lab.shape[:2])))
    rim = np.concatenate([part.reshape(-1, 3) for part in (lab[:depth], lab[-depth:], lab[:, :depth], lab[:, -depth:])])
    centres = np.quantile(rim, np.linspace(0.1, 0.9, RIM_COLOURS), axis=0)
    for _ in range(8):
        nearest = np.argmin([((rim - centre) ** 2).sum(axis=-1) for centre in centres], axis=0)
        centres = np.array(
            [rim[nearest == i].mean(axis=0) if (nearest == i).any() else centres[i] for i in range(len(centres))]
        )
    counts = np.bincount(nearest, minlength=len(centres))
    return np.asarray(centres[counts >= 0.1 * len(rim)])


def _extent(profile: NDArray[np.int64]) -> tuple[int, int]:
    share = profile.cumsum() / profile.sum()
    return int(np.searchsorted(share, TRIM)), int(np.searchsorted(share, 1 - TRIM)) + 1
