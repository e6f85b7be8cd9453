"""Cut-outs and enlarged pictures by Cloudinary's transformations."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from generation.providers.catalogue import Catalogue
from generation.providers.cloudinary_derived import Derivations
from generation.providers.cut_outs import CutOuts
from generation.providers.enlargements import Enlargements
from generation.providers.errors import Unfit
from generation.providers.imaging import Imaging, UnusableImage
from generation.providers.picture_ports import CutOutRequest, EnlargedFile, UpscaleRequest
from generation.providers.ports import ProviderCall, ProviderImage
from generation.providers.prices import image_microusd

CUT_OUT: list[dict[str, Any]] = [{"effect": "background_removal"}]
ENLARGE: dict[int, list[dict[str, Any]]] = {
    4: [{"effect": "upscale"}],
    2: [{"effect": "upscale"}, {"crop": "scale", "width": 0.5}],
}
"""``e_upscale`` is always by four; by two is that and half of it."""


class CloudinaryPictures:
    """Of :mod:`~generation.providers.picture_ports` an ``ImageCutter`` and ``ImageEnlarger``.

    The API key of a call is not looked at: the account is that of ``CLOUDINARY_URL``.
    """

    def __init__(
        self, derivations: Derivations, *, catalogue: Catalogue, imaging: Imaging, enlargements: Enlargements
    ) -> None:
        self._derivations = derivations
        self._catalogue = catalogue
        self._imaging = imaging
        self._cut_outs = CutOuts("cloudinary", imaging)
        self._enlargements = enlargements

    async def aclose(self) -> None:
        """Close the connections."""
        await self._derivations.aclose()

    async def cut_out(self, request: CutOutRequest, *, model: str, key: str, call: ProviderCall) -> ProviderImage:
        """See :class:`~generation.providers.picture_ports.ImageCutter`."""
        cost = image_microusd(self._catalogue.cut_out_card("cloudinary", model))

        async def use(path: Path, public_id: str) -> ProviderImage:
            content = await asyncio.to_thread(path.read_bytes)
            try:
                facts = await self._imaging.inspect(content)
            except UnusableImage as error:
                raise _unfit(str(error), model, cost, public_id) from error
            image = ProviderImage(content, facts.media_type, facts.width, facts.height, cost, request_id=public_id)
            return await self._cut_outs.alpha(request.picture, image, model)

        with tempfile.TemporaryDirectory(prefix="atelier-derived-") as folder:
            to = Path(folder) / "cut"
            return await self._derivations.carry_out(request.picture, CUT_OUT, to, model=model, call=call, use=use)

    async def upscale(self, request: UpscaleRequest, *, model: str, key: str, call: ProviderCall) -> EnlargedFile:
        """See :class:`~generation.providers.picture_ports.ImageEnlarger`."""
        cost = image_microusd(self._catalogue.card("cloudinary", model))

        async def use(path: Path, public_id: str) -> EnlargedFile:
            return await self._enlargements.finish(
                request, path, provider="cloudinary", model=model, cost_microusd=cost, request_id=public_id
            )

        return await self._derivations.carry_out(
            request.picture,
            ENLARGE[request.scale],
            self._enlargements.raw(request),
            model=model,
            call=call,
            use=use,
        )


def _unfit(detail: str, model: str, cost_microusd: int, public_id: str) -> Unfit:
    return Unfit(
        detail,
        provider="cloudinary",
        model=model,
        answer="",
        faults=detail,
        code="malformed",
        request_id=public_id,
        cost_microusd=cost_microusd,
    )
