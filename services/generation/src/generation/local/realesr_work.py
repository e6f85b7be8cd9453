"""What a child process does for `local/realesr-animevideov3`: a picture enlarged by a small Real-ESRGAN, tile by tile.

Needs `requirements/local-models.txt`. Good for drawings, lettering and pictures with clear shapes; skin becomes smooth.
One thread: with two, a busy neighbour makes it five times slower.
"""

import time
from typing import TYPE_CHECKING, Any

import numpy
from numpy.typing import NDArray
from PIL import Image

from generation.local.models import locate
from generation.local.pixels import Picture
from generation.local.upscale_work import save

if TYPE_CHECKING:
    import ncnn

TILE = 160
OVERLAP = 10
"""Pixels that a tile sees of its neighbours, so that no seam shows."""
SCALES = (2, 4)

Pixels = NDArray[numpy.uint8]


def upscale(source: str, target: str, width: int, height: int) -> dict[str, Any]:
    """Write `source`, enlarged to this size, which is two or four times its own. Answers `media_type`, `cpu_seconds`.

    Raises:
        Unworkable: the file is no usable picture.
        ValueError: the size is another.
    """
    started = time.process_time()
    picture = Picture(source)
    scale = width // picture.size[0]
    if scale not in SCALES or (picture.size[0] * scale, picture.size[1] * scale) != (width, height):
        raise ValueError(f"{picture.size} cannot be brought to {width}x{height}")
    image = picture.whole(picture.size[0] * picture.size[1])
    result: Image.Image = Image.new("RGB", (width, height))
    net = _net(scale)
    pixels: Pixels = numpy.asarray(image.convert("RGB"))
    for top in range(0, image.height, TILE):
        for left in range(0, image.width, TILE):
            result.paste(Image.fromarray(_enlarged_tile(net, pixels, left, top, scale)), (left * scale, top * scale))
    if image.mode == "RGBA":
        result.putalpha(image.getchannel("A").resize((width, height), Image.Resampling.LANCZOS))
    return {"media_type": save(result, target), "cpu_seconds": time.process_time() - started}


def _enlarged_tile(net: "ncnn.Net", pixels: Pixels, left: int, top: int, scale: int) -> Pixels:
    """One tile, with what surrounds it through the net and without it out again."""
    import ncnn

    upper, before = max(0, top - OVERLAP), max(0, left - OVERLAP)
    bottom, right = min(pixels.shape[0], top + TILE), min(pixels.shape[1], left + TILE)
    piece = numpy.ascontiguousarray(pixels[upper : bottom + OVERLAP, before : right + OVERLAP])
    given = ncnn.Mat.from_pixels(piece, ncnn.Mat.PixelType.PIXEL_RGB, piece.shape[1], piece.shape[0])
    given.substract_mean_normalize([], [1 / 255.0] * 3)
    extractor = net.create_extractor()
    extractor.input("data", given)
    code, made = extractor.extract("output")
    if code != 0:
        raise RuntimeError(f"ncnn answered {code}")
    large = (numpy.array(made).clip(0.0, 1.0) * 255.0 + 0.5).astype(numpy.uint8).transpose(1, 2, 0)
    down, across = (top - upper) * scale, (left - before) * scale
    rows, columns = (bottom - top) * scale, (right - left) * scale
    tile: Pixels = numpy.ascontiguousarray(large[down : down + rows, across : across + columns])
    return tile


def _net(scale: int) -> "ncnn.Net":
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = 1
    net.opt.use_vulkan_compute = False
    files = [file for file in locate("realesr-animevideov3") if file.stem.endswith(f"-x{scale}")]
    for file in files:
        (net.load_param if file.suffix == ".param" else net.load_model)(str(file))
    return net
