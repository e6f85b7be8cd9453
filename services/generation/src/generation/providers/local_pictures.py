"""Cut-outs and enlarged pictures without a vendor, by the child processes of `generation.local`."""

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from generation.local.failures import FailureReason, LocalWorkFailed
from generation.local.pool import LocalPool, LocalTask
from generation.providers.catalogue import Catalogue
from generation.providers.cut_outs import CutOuts
from generation.providers.errors import Broken, ProviderError, Throttled, Unavailable, Unfit
from generation.providers.imaging import Imaging
from generation.providers.picture_ports import CutOutRequest, EnlargedFile, SourcePicture, UpscaleRequest
from generation.providers.ports import ProviderCall, ProviderImage
from generation.providers.prices import image_microusd

CUT_OUT_TASKS = {"u2netp": LocalTask("u2netp", "generation.local.u2netp_work:cut_out", wall_seconds=40.0)}
UPSCALE_TASKS = {
    "lanczos": LocalTask("lanczos", "generation.local.upscale_work:lanczos"),
    "realesr-animevideov3": LocalTask(
        "realesr", "generation.local.realesr_work:upscale", wall_seconds=110.0, cpu_seconds=100.0
    ),
}


class LocalPictures:
    """Of :mod:`~generation.providers.picture_ports` an ``ImageCutter`` and ``ImageEnlarger``.

    ``local/lanczos`` is there always and is no model: it interpolates.
    """

    def __init__(self, pool: LocalPool, *, catalogue: Catalogue, imaging: Imaging) -> None:
        self._pool = pool
        self._catalogue = catalogue
        self._cut_outs = CutOuts("local", imaging)

    async def aclose(self) -> None:
        """Nothing is open: the pool is its owner's."""

    async def cut_out(self, request: CutOutRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """See :class:`~generation.providers.picture_ports.ImageCutter`."""
        with tempfile.TemporaryDirectory(prefix="atelier-local-") as folder:
            target = Path(folder) / "cut"
            source = await _on_disk(request.picture, Path(folder) / "source")
            arguments = {"source": str(source), "target": str(target)}
            facts = await self._run(CUT_OUT_TASKS[model], model, arguments, call)
            content = await asyncio.to_thread(target.read_bytes)
        picture = request.picture
        image = ProviderImage(content, "image/png", picture.width, picture.height, self._cost(model, facts))
        return await self._cut_outs.alpha(picture, image, model)

    async def upscale(self, request: UpscaleRequest, *, model: str, key: str, call: ProviderCall) -> EnlargedFile:
        """See :class:`~generation.providers.picture_ports.ImageEnlarger`."""
        width, height = request.size
        with tempfile.TemporaryDirectory(prefix="atelier-local-") as folder:
            source = await _on_disk(request.picture, Path(folder) / "source")
            arguments = {"source": str(source), "target": str(request.target), "width": width, "height": height}
            facts = await self._run(UPSCALE_TASKS[model], model, arguments, call)
        return EnlargedFile(request.target, str(facts["media_type"]), width, height, self._cost(model, facts))

    def _cost(self, model: str, facts: Mapping[str, Any]) -> int:
        return image_microusd(self._catalogue.card("local", model), compute_seconds=float(facts["cpu_seconds"]))

    async def _run(
        self, task: LocalTask, model: str, arguments: Mapping[str, Any], call: ProviderCall
    ) -> dict[str, Any]:
        """Have it done within the call's time, waiting for a free child included."""
        seconds = min(task.wall_seconds, call.timeout_seconds)
        deadline = asyncio.timeout(call.timeout_seconds)
        try:
            async with deadline:
                return await self._pool.run(replace(task, wall_seconds=seconds), arguments)
        except LocalWorkFailed as error:
            raise _sorted(error, model) from error
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise Unavailable(
                f"not done within {call.timeout_seconds:.1f} s", provider="local", model=model, code="timeout"
            ) from error


async def _on_disk(picture: SourcePicture, otherwise: Path) -> Path:
    if isinstance(picture.source, Path):
        return picture.source
    await asyncio.to_thread(otherwise.write_bytes, picture.source)
    return otherwise


def _sorted(error: LocalWorkFailed, model: str) -> ProviderError:
    match error.reason:
        case FailureReason.REFUSED:
            return Unfit(
                error.detail, provider="local", model=model, answer="", faults=error.detail, code=error.code.lower()
            )
        case FailureReason.OVERLOADED:
            return Throttled(error.detail, provider="local", model=model, code=error.reason.value, overloaded=True)
        case FailureReason.RAISED:
            return Broken(error.detail, provider="local", model=model, code=error.reason.value)
    return Unavailable(error.detail, provider="local", model=model, code=error.reason.value)
