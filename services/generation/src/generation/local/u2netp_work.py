"""What a child process does for `local/u2netp`: the main thing of a picture by U²-Net's small model, file to file.

Needs `requirements/local-models.txt`. One thread and no memory kept between calls: other work shares the box.
"""

import time
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy
from numpy.typing import NDArray
from PIL import Image

from generation.local.models import locate
from generation.local.pixels import Picture

if TYPE_CHECKING:
    import onnxruntime

SIDE = 320
"""Pixels the model looks at, each way."""
COPY_SIDE_MAX = 2048
_MEAN = numpy.array((0.485, 0.456, 0.406), dtype=numpy.float32)
_DEVIATION = numpy.array((0.229, 0.224, 0.225), dtype=numpy.float32)
_SURE = 0.5
"""Where the model is nowhere this sure, there is no main thing: stretching its answer would make one up."""


def cut_out(source: str, target: str) -> dict[str, Any]:
    """Write `source` to `target` as PNG with an alpha channel. Answers `cpu_seconds`.

    Raises:
        Unworkable: the file is no usable picture.
    """
    started = time.process_time()
    image = Picture(source).shrunk(COPY_SIDE_MAX).convert("RGB")
    sure = _looked_at(image.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    highest, lowest = float(sure.max()), float(sure.min())
    if highest >= _SURE:
        sure = (sure - lowest) / max(highest - lowest, 1e-6)
    mask = Image.fromarray((sure.clip(0, 1) * 255).astype(numpy.uint8))
    image.putalpha(mask.resize(image.size, Image.Resampling.BICUBIC))
    image.save(target, format="PNG", compress_level=1)
    return {"cpu_seconds": time.process_time() - started}


def _looked_at(image: Image.Image) -> NDArray[numpy.float32]:
    pixels = numpy.asarray(image, dtype=numpy.float32)
    scaled = pixels / max(float(pixels.max()), 1.0)
    normal = (scaled - _MEAN) / _DEVIATION
    session = _session()
    answer = session.run(None, {session.get_inputs()[0].name: normal.transpose(2, 0, 1)[None].astype(numpy.float32)})
    sure: NDArray[numpy.float32] = answer[0][0, 0]
    return sure


@cache
def _session() -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    (weights,) = locate("u2netp")
    return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
