"""Finds faces that look at the camera: a cascade of local binary patterns (Liao et al. 2007) over an image pyramid.

The trained cascade is OpenCV's frontal face (`face_cascade.json`, 25 kB); evaluating it takes a few lines of numpy, so
nothing has to be installed for faces to be found.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generation.local.pixels import Box

SIDE_MAX = 320
"""Images are looked at in this size; faces of less than a thirteenth of the longer side are not found."""
SCALE_STEP = 1.12
NEIGHBOURS_MIN = 7
"""A real face is found in many places beside each other and in several sizes (17 on a portrait); patterns in 1 to 5."""
SURENESS_MIN = 0.3
"""What is found in fewer places than this share of those of the surest face is none either."""
OVERLAP_MIN = 0.4

_CELLS = ((0, 0, 128), (1, 0, 64), (2, 0, 32), (2, 1, 16), (2, 2, 8), (1, 2, 4), (0, 2, 2), (0, 1, 1))
"""Column, row and bit of the cells around the middle one."""

Ints = NDArray[np.signedinteger[Any]]


def find_faces(image: Image.Image) -> list[Box]:
    """Faces in an image, the surest first, in its own pixels."""
    found: list[tuple[float, float, float]] = []
    window = int(_cascade()["width"])
    grey = image.convert("L")
    grey.thumbnail((SIDE_MAX, SIDE_MAX), Image.Resampling.BILINEAR)
    shrunk = image.width / grey.width
    scale = 1.0
    while min(grey.width, grey.height) / scale >= window:
        level = grey.resize((round(grey.width / scale), round(grey.height / scale)), Image.Resampling.BILINEAR)
        for left, top in _windows_with_faces(np.asarray(level, dtype=np.int32)):
            found.append((left * scale * shrunk, top * scale * shrunk, window * scale * shrunk))
        scale *= SCALE_STEP
    return _grouped(found, image.size)


def _windows_with_faces(level: Ints) -> list[tuple[int, int]]:
    cascade = _cascade()
    window = int(cascade["width"])
    stride = level.shape[1] + 1
    sums = np.zeros((level.shape[0] + 1, stride), dtype=np.int32)
    sums[1:, 1:] = level.cumsum(axis=0).cumsum(axis=1)
    rows, columns = level.shape[0] - window + 1, level.shape[1] - window + 1
    corners = (np.arange(rows)[:, None] * stride + np.arange(columns)[None, :]).ravel()
    for stage in cascade["stages"]:
        score = np.zeros(len(corners))
        for weak in stage["weak"]:
            pattern = _patterns(sums.ravel(), stride, corners, cascade["features"][weak["feature"]])
            is_left = (weak["left_bits"][pattern >> 5] >> (pattern & 31)) & 1
            score += np.where(is_left == 1, weak["below"], weak["above"])
        corners = corners[score >= stage["threshold"]]
        if not len(corners):
            break
    return [(int(corner % stride), int(corner // stride)) for corner in corners]


def _patterns(sums: Ints, stride: int, corners: Ints, feature: tuple[int, int, int, int]) -> Ints:
    """Which of the eight cells around the middle one are at least as bright, as bits, for each window.

    `sums` is the integral image in one row, `corners` where in it windows begin.
    """
    across, down, width, height = feature
    start = corners + (down * stride + across)
    grid = [[sums.take(start + (row * height * stride + column * width)) for column in range(4)] for row in range(4)]

    def brightness(column: int, row: int) -> Ints:
        upper, lower = grid[row], grid[row + 1]
        return np.asarray(lower[column + 1] - lower[column] - upper[column + 1] + upper[column])

    middle = brightness(1, 1)
    pattern = np.zeros(len(corners), dtype=np.int32)
    for column, row, bit in _CELLS:
        pattern |= (brightness(column, row) >= middle) * np.int32(bit)
    return pattern


def _grouped(found: list[tuple[float, float, float]], size: tuple[int, int]) -> list[Box]:
    """One box for each group of windows that lie over each other, by how many there are."""
    groups: list[list[tuple[float, float, float]]] = []
    for window in sorted(found):
        for group in groups:
            if _overlap(window, _mean(group)) >= OVERLAP_MIN:
                group.append(window)
                break
        else:
            groups.append([window])
    faces = []
    surest = max((len(group) for group in groups), default=0)
    for group in sorted(groups, key=len, reverse=True):
        left, top, side = _mean(group)
        if len(group) >= max(NEIGHBOURS_MIN, SURENESS_MIN * surest):
            width, height = min(round(side), size[0]), min(round(side), size[1])
            faces.append(Box(min(round(left), size[0] - width), min(round(top), size[1] - height), width, height))
    return faces


def _mean(group: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    left, top, side = (float(value) for value in np.mean(group, axis=0))
    return left, top, side


def _overlap(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[2], other[1] + other[2]) - max(one[1], other[1])
    shared = max(0.0, across) * max(0.0, down)
    return shared / (one[2] ** 2 + other[2] ** 2 - shared)


@cache
def _cascade() -> dict[str, Any]:
    cascade: dict[str, Any] = json.loads(files("generation.local").joinpath("face_cascade.json").read_text())
    for stage in cascade["stages"]:
        for weak in stage["weak"]:
            weak["left_bits"] = np.array(weak["left"], dtype=np.int64) & 0xFFFFFFFF
    return cascade
