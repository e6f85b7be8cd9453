"""Runs predictions in the background, a bounded number at a time, through the states Replicate shows."""

import asyncio
import hashlib
import logging
import math
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from sandbox.blobs import Blob, BlobStore
from sandbox.drawing.brief import Brief, Encoding, FileFormat
from sandbox.drawing.studio import Studio
from sandbox.faults.kinds import AnswerFault, PredictionFault
from sandbox.pace import Pace
from sandbox.tokens import replicate_id
from sandbox.vendors.replicate.catalogue import Model, Task
from sandbox.vendors.replicate.inputs import BadInputError, source_image
from sandbox.vendors.replicate.prediction import TERMINAL, Prediction
from sandbox.vendors.replicate.webhooks import WebhookSender
from sandbox.vendors.replicate.writing import RefusedError, write

_log = logging.getLogger("sandbox.replicate")

_KEPT_MAX = 2_000
_AT_ONCE_MAX = 32
_BOOT_SECONDS = 0.3
_WORK_SECONDS = 1.5
_SHOWN_STEPS_MAX = 10
_OF_PICTURE = "match_input_image"
_MEGAPIXEL, _GRID = 1_048_576, 32
_SIDES = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "9:16": (768, 1344),
    "4:3": (1184, 880),
    "3:4": (880, 1184),
}
_SIDES |= {
    "3:2": (1216, 832),
    "2:3": (832, 1216),
    "21:9": (1536, 640),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
}

Scripted = PredictionFault | AnswerFault
"""The faults that only the course of a prediction can make happen."""


class Runner:
    """Owns the predictions and the tasks that carry them forward."""

    def __init__(self, studio: Studio, pace: Pace, files: BlobStore, files_url: str, webhooks: WebhookSender) -> None:
        self._studio = studio
        self._pace = pace
        self._files = files
        self._files_url = files_url
        self._webhooks = webhooks
        self._predictions: OrderedDict[str, Prediction] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(_AT_ONCE_MAX)

    def submit(self, prediction: Prediction, scripted: Scripted | None, deadline_seconds: float | None) -> None:
        """Starts a prediction; past `deadline_seconds` (Cancel-After) it is aborted or cancelled."""
        self._predictions[prediction.id] = prediction
        while len(self._predictions) > _KEPT_MAX:
            self._predictions.popitem(last=False)
        task = asyncio.create_task(self._carry(prediction, scripted, deadline_seconds))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def find(self, prediction_id: str) -> Prediction | None:
        """A prediction by id."""
        return self._predictions.get(prediction_id)

    def clear(self) -> None:
        """Stops and forgets every prediction."""
        for task in self._tasks:
            task.cancel()
        self._predictions.clear()

    async def close(self) -> None:
        """Stops every prediction and waits until they have stopped."""
        tasks = list(self._tasks)
        self.clear()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, prediction: Prediction, scripted: Scripted | None, deadline_seconds: float | None) -> None:
        work = asyncio.create_task(self._perform(prediction, scripted))
        stop = asyncio.create_task(prediction.cancelled.wait())
        try:
            await asyncio.wait((work, stop), timeout=deadline_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, stop):
                task.cancel()
            await asyncio.gather(work, stop, return_exceptions=True)
        if prediction.status not in TERMINAL:
            aborted = prediction.started_at is None and not prediction.cancelled.is_set()
            prediction.end("aborted" if aborted else "canceled")
        await self._webhooks.send(prediction, "completed")

    async def _perform(self, prediction: Prediction, scripted: Scripted | None) -> None:
        try:
            async with self._slots:
                await self._pace.work(_BOOT_SECONDS)
                if isinstance(scripted, PredictionFault) and scripted.prediction_status == "aborted":
                    prediction.end("aborted", error=scripted.error)
                    return
                prediction.start()
                await self._webhooks.send(prediction, "start")
                await self._steps(prediction, scripted)
        except (BadInputError, RefusedError) as error:
            prediction.end("failed", error=str(error))
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a model's crash is an outcome here, as it is at Replicate
            _log.exception("prediction_crashed id=%s", prediction.id)
            prediction.end("failed", error=f"{type(error).__name__}: {error}")

    async def _steps(self, prediction: Prediction, scripted: Scripted | None) -> None:
        wanted = prediction.input.get("num_inference_steps")
        total = wanted if isinstance(wanted, int) and 0 < wanted <= 100 else prediction.model.steps
        shown = min(total, _SHOWN_STEPS_MAX)
        for number in range(1, shown + 1):
            await self._pace.work(_WORK_SECONDS / shown)
            prediction.step(round(number * total / shown), total)
            if isinstance(scripted, PredictionFault) and number == (shown + 1) // 2:
                await self._script(prediction, scripted)
                return
        if prediction.model.task is Task.WRITE:
            fault = scripted if isinstance(scripted, AnswerFault) else None
            pieces, prediction.tokens = await self._studio.run(write, prediction.input, prediction.model.slug, fault)
            prediction.end("succeeded", output=pieces)
            return
        prediction.end("succeeded", output=await self._output(prediction))

    async def _script(self, prediction: Prediction, scripted: PredictionFault) -> None:
        if scripted.prediction_status == "stuck":
            await prediction.cancelled.wait()
            return
        error = scripted.error
        if error is None and scripted.prediction_status == "failed":
            error = "CUDA out of memory"
        prediction.end(scripted.prediction_status, error=error)

    async def _output(self, prediction: Prediction) -> str | list[str]:
        given = prediction.input
        name = str(given.get("output_format") or ("webp" if prediction.model.task is Task.DRAW else "png"))
        encoding = Encoding(FileFormat("jpeg" if name == "jpg" else name), _quality(given))
        source: bytes | None = None
        if prediction.model.task is not Task.DRAW:
            source = await source_image(given, self._files, self._files_url)
        count = given.get("num_outputs", 1) if prediction.model.many else 1
        urls = []
        for number in range(min(max(int(count), 1), 4)):
            brief = _brief(prediction, number)
            scale = float(given.get("scale", 4))
            content = await self._studio.run(_make, prediction.model, brief, source, encoding, scale)
            file_name = f"{replicate_id()}.{name}"
            self._files.put(file_name, Blob(content, encoding.format.media_type, {}))
            urls.append(f"{self._files_url}{file_name}")
        return urls if prediction.model.many else urls[0]


def _quality(given: dict[str, Any]) -> int:
    value = given.get("output_quality", 80)
    return value if isinstance(value, int) and 0 <= value <= 100 else 80


def _brief(prediction: Prediction, number: int) -> Brief:
    given = prediction.input
    prompt = str(given.get("prompt") or "")
    seed = given.get("seed")
    if not isinstance(seed, int):
        seed = int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:3])
    aspect = str(given.get("aspect_ratio", "1:1"))
    width, height = (0, 0) if aspect == _OF_PICTURE else _SIDES.get(aspect, (1024, 1024))
    if isinstance(given.get("width"), int) and isinstance(given.get("height"), int):
        width, height = (min(max(given[side], 64), 2048) for side in ("width", "height"))
    return Brief(prompt, width, height, seed + number, "replicate", prediction.model.slug)


def _shaped(brief: Brief, width: int, height: int) -> Brief:
    """The brief for a result of about a megapixel in the shape of the picture."""
    scale = math.sqrt(_MEGAPIXEL / (width * height))
    sides = [max(_GRID, round(side * scale / _GRID) * _GRID) for side in (width, height)]
    return replace(brief, width=sides[0], height=sides[1])


def _make(model: Model, brief: Brief, source: bytes | None, encoding: Encoding, scale: float) -> bytes:
    from sandbox.drawing.edits import cut_out, edit, upscale
    from sandbox.drawing.files import UnreadableImageError, decode, encode, label
    from sandbox.drawing.picture import compose

    if source is None:
        return encode(compose(brief), encoding, label(brief))
    try:
        image = decode(source)
    except UnreadableImageError as error:
        raise BadInputError(f"image: cannot identify image file: {error}") from error
    if 0 < model.pixels_max < image.width * image.height:
        raise BadInputError(
            f"Input image of dimensions {(image.height, image.width, 3)} has a total number of pixels "
            f"{image.width * image.height} greater than the max size that fits in GPU memory on this hardware, "
            f"{model.pixels_max}. Resize input image and try again."
        )
    match model.task:
        case Task.UPSCALE:
            image = upscale(image, scale)
        case Task.CUT_OUT:
            image = cut_out(image)
        case _:
            brief = brief if brief.width else _shaped(brief, *image.size)
            image = edit(image, brief)
    return encode(image, encoding, label(brief))
