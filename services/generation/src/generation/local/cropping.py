"""Where to crop an image to a ratio: a box that lies inside, has the ratio and holds what matters."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PIL import Image

from generation.local.faces import find_faces
from generation.local.oklab import Floats
from generation.local.pixels import Box, Size
from generation.local.saliency import foreground, saliency

SIDE_MAX = 360
"""Images are looked at in this size."""
EDGE_WEIGHT = 0.5
EDGE_SHARE = 0.1
"""What matters should not touch the edge: in the outer tenth of a box it counts half."""
PRODUCT_MARGIN = 0.1
FACE_HEIGHT = 0.4
"""How far from the upper edge faces are put, as a share of the box: people are shown with more below than above."""


class Focus(StrEnum):
    """What a crop is to keep."""

    AUTO = "auto"
    FACE = "face"
    CENTER = "center"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class Crop:
    """A box of the whole image, what it was chosen by, and the faces seen, in pixels of the whole image."""

    box: Box
    focus: Focus
    faces: list[Box]


def choose(image: Image.Image, full: Size, target: Size, focus: Focus) -> Crop:
    """The box to crop an image of `full` pixels to, of which `image` is a small copy; `target` is the result's size.

    The box is the largest of the ratio of `target`, moved to what matters; for a product it is as near to the product
    as can be without making the result larger than its source. Where no face is found and where nothing stands
    before a background, `auto` decides, and the crop says so.
    """
    largest = largest_box(full, target)
    scale = full[0] / image.width, full[1] / image.height
    if focus is Focus.CENTER:
        return Crop(placed(largest, full, (full[0] / 2, full[1] / 2)), focus, [])
    if focus is Focus.FACE and (faces := [_enlarged(face, scale, full) for face in find_faces(image)]):
        return Crop(_around_faces(faces, largest, full), focus, faces)
    if focus is Focus.PRODUCT and (thing := foreground(image)) is not None:
        return Crop(_around_product(_enlarged(thing, scale, full), largest, full, target), focus, [])
    return Crop(_most_salient(saliency(image), largest, full), Focus.AUTO, [])


def largest_box(full: Size, target: Size) -> Size:
    """The largest width and height of the ratio of `target` that fit into `full`; to the nearest pixel, at least 1."""
    if full[0] * target[1] >= full[1] * target[0]:
        return min(full[0], max(1, round(full[1] * target[0] / target[1]))), full[1]
    return full[0], min(full[1], max(1, round(full[0] * target[1] / target[0])))


def placed(box: Size, full: Size, middle: tuple[float, float]) -> Box:
    """A box of this size about a point, moved inside where it would stick out."""
    left = min(max(round(middle[0] - box[0] / 2), 0), full[0] - box[0])
    top = min(max(round(middle[1] - box[1] / 2), 0), full[1] - box[1])
    return Box(left, top, *box)


def _enlarged(box: Box, scale: tuple[float, float], full: Size) -> Box:
    left, top = int(box.left * scale[0]), int(box.top * scale[1])
    right = min(full[0], round((box.left + box.width) * scale[0]))
    bottom = min(full[1], round((box.top + box.height) * scale[1]))
    return Box(left, top, max(1, right - left), max(1, bottom - top))


def _around_faces(faces: list[Box], box: Size, full: Size) -> Box:
    """As many faces as fit, the surest first, their middle a little above that of the box."""
    left, top, right, bottom = faces[0].corners
    for face in faces[1:]:
        wider = min(left, face.left), min(top, face.top), max(right, face.corners[2]), max(bottom, face.corners[3])
        if wider[2] - wider[0] <= box[0] and wider[3] - wider[1] <= box[1]:
            left, top, right, bottom = wider
    return placed(box, full, ((left + right) / 2, (top + bottom) / 2 + (0.5 - FACE_HEIGHT) * box[1]))


def _around_product(thing: Box, largest: Size, full: Size, target: Size) -> Box:
    margin = 1 + 2 * PRODUCT_MARGIN
    scale = max(
        thing.width * margin / largest[0],
        thing.height * margin / largest[1],
        min(target[0] / largest[0], target[1] / largest[1]),
    )
    scale = min(1.0, scale)
    size = largest if scale == 1.0 else largest_box((round(largest[0] * scale), round(largest[1] * scale)), target)
    return placed(size, full, (thing.left + thing.width / 2, thing.top + thing.height / 2))


def _most_salient(seen: Floats, box: Size, full: Size) -> Box:
    """The largest box can move in one direction only: find the place where most of what draws the eye is inside."""
    rows, columns = seen.shape
    left = _best_start(seen.sum(axis=0), box[0] / full[0] * columns) * full[0] / columns
    top = _best_start(seen.sum(axis=1), box[1] / full[1] * rows) * full[1] / rows
    return placed(box, full, (left + box[0] / 2, top + box[1] / 2))


def _best_start(profile: Floats, width: float) -> float:
    """Where a span of `width` holds most of a profile; the middle where all places are alike."""
    length = min(len(profile), max(1, round(width)))
    free = len(profile) - length
    if free == 0:
        return (len(profile) - width) / 2
    weights = np.ones(length)
    edge = int(length * EDGE_SHARE)
    weights[:edge] = weights[length - edge :] = EDGE_WEIGHT
    held = np.convolve(profile, weights[::-1], mode="valid")
    starts = np.arange(free + 1)
    best = starts[held >= held.max() - 1e-9 * max(1.0, float(profile.sum()))]
    return float(best[np.argmin(np.abs(best - free / 2))])
