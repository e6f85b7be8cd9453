"""Judges what providers say is a cut-out, and takes nothing but its alpha channel: the pixels stay the customer's own.

A model that draws anew instead of cutting out, as editing models may, is found out by holding what it left against the
picture.
"""

import io
from dataclasses import dataclass, replace

from PIL import Image, ImageChops, ImageStat

from generation.providers.catalogue import ModelCard
from generation.providers.errors import Unfit
from generation.providers.imaging import Imaging, UnusableImage, decoded
from generation.providers.picture_ports import SourcePicture
from generation.providers.ports import ProviderImage

NOTHING_REMOVED = "nothing_removed"
NOTHING_LEFT = "nothing_left"
NO_SUBJECT = frozenset({NOTHING_REMOVED, NOTHING_LEFT})
"""Codes of an :class:`Unfit`: the model saw no main thing. The picture may have none."""

_CANVAS_SIDE = 1024
"""A canvas of this length holds any outline a model can draw; each pixel more is paid."""
_CLEAR, _SOLID = 16, 239
"""Alpha up to which a pixel is gone, and from which it is there."""
_CLEAR_SHARE_MIN = 0.002
_SOLID_SHARE_MIN = 0.001
_SHAPE_TOLERANCE = 0.03
_COMPARED_SIDE = 192
_DIFFERENCE_MAX = 26.0
"""Of 255, the mean over what is solid: compression and colour conversion stay below 8, a redrawn thing is above 30."""


class NotACutOut(ValueError):
    """The image is none; ``code`` says why in a word."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture lies in the middle of a canvas of another shape; pixels."""

    canvas: tuple[int, int]
    box: tuple[int, int, int, int]


def canvas_for(picture: SourcePicture, card: ModelCard) -> tuple[int, int]:
    """A size that the model makes, of about the picture's shape: models draw no strip longer than 3:1."""
    shrink = _CANVAS_SIDE / max(picture.width, picture.height)
    width, height = (max(_CANVAS_SIDE // 3 + 16, round(side * shrink)) for side in (picture.width, picture.height))
    wide, _, high = card.nearest_size(width, height).partition("x")
    return int(wide), int(high)


def letterboxed(content: bytes, canvas: tuple[int, int]) -> tuple[bytes, Letterbox]:
    """The picture as large as it fits on a canvas of its rim's mean colour, as PNG, and where on it. Blocking.

    Raises:
        UnusableImage: it cannot be decoded.
    """
    image = decoded(content).convert("RGB")
    scale = min(canvas[0] / image.width, canvas[1] / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    left, top = (canvas[0] - size[0]) // 2, (canvas[1] - size[1]) // 2
    ground = Image.new("RGB", canvas, _rim(image))
    ground.paste(image.resize(size, Image.Resampling.LANCZOS), (left, top))
    out = io.BytesIO()
    ground.save(out, format="PNG", compress_level=3)
    return out.getvalue(), Letterbox(canvas, (left, top, left + size[0], top + size[1]))


def _rim(image: Image.Image) -> tuple[int, int, int]:
    """The mean colour along the edges: what lies beside a picture is to look like more of its background."""
    outer = Image.new("L", image.size, 255)
    inset = max(1, min(image.size) // 50)
    outer.paste(0, (inset, inset, image.width - inset, image.height - inset))
    red, green, blue = (round(mean) for mean in ImageStat.Stat(image, outer).mean)
    return red, green, blue


def alpha_of(picture: bytes, answer: bytes, letterbox: Letterbox | None = None) -> bytes:
    """The alpha channel of ``answer``, a grey PNG of the picture's size. Blocking.

    With ``letterbox`` the answer is of that canvas, and only what lies in its box counts.

    Raises:
        NotACutOut: no alpha, all or nothing removed, another shape, or another picture.
        UnusableImage: one of them cannot be decoded.
    """
    source, made = decoded(picture).convert("RGB"), decoded(answer)
    if not made.has_transparency_data:
        raise NotACutOut("no_alpha", f"the answer is opaque ({made.mode})")
    cut = made.convert("RGBA")
    if letterbox is not None:
        cut = cut.resize(letterbox.canvas, Image.Resampling.BICUBIC).crop(letterbox.box)
    elif abs(cut.width * source.height / (cut.height * source.width) - 1) > _SHAPE_TOLERANCE:
        raise NotACutOut("other_shape", f"{cut.width}x{cut.height} is not the shape of {source.width}x{source.height}")
    alpha = cut.getchannel("A").resize(source.size, Image.Resampling.BICUBIC)
    _check_shares(alpha)
    _check_pixels(source, cut)
    out = io.BytesIO()
    alpha.save(out, format="PNG", compress_level=3)
    return out.getvalue()


def _check_shares(alpha: Image.Image) -> None:
    levels = alpha.histogram()
    total = sum(levels)
    if sum(levels[:_CLEAR]) < total * _CLEAR_SHARE_MIN:
        raise NotACutOut(NOTHING_REMOVED, "nothing of the picture is transparent")
    if sum(levels[_SOLID:]) < total * _SOLID_SHARE_MIN:
        raise NotACutOut(NOTHING_LEFT, "nothing of the picture is left")


def _check_pixels(source: Image.Image, cut: Image.Image) -> None:
    scale = min(1.0, _COMPARED_SIDE / max(source.size))
    size = max(1, round(source.width * scale)), max(1, round(source.height * scale))
    before = source.resize(size, Image.Resampling.BOX)
    # Premultiplied, so that what is under transparent pixels has no part in the small copy.
    after = cut.convert("RGBa").resize(size, Image.Resampling.BOX).convert("RGBA")
    solid = after.getchannel("A").point(lambda level: 255 if level >= _SOLID else 0)
    if not solid.getbbox():
        return
    difference = ImageStat.Stat(ImageChops.difference(before, after.convert("RGB")), solid).mean
    if sum(difference) / 3 > _DIFFERENCE_MAX:
        raise NotACutOut("redrawn", f"what is left differs from the picture by {sum(difference) / 3:.0f} of 255")


class CutOuts:
    """Turns providers' answers into alpha channels, off the event loop."""

    def __init__(self, provider: str, imaging: Imaging) -> None:
        self._provider = provider
        self._imaging = imaging

    async def letterboxed(self, picture: SourcePicture, card: ModelCard) -> tuple[bytes, Letterbox]:
        """:func:`letterboxed` on a canvas of a size that the model makes."""
        return await self._imaging.run(letterboxed, await picture.read(), canvas_for(picture, card))

    async def alpha(
        self, picture: SourcePicture, image: ProviderImage, model: str, letterbox: Letterbox | None = None
    ) -> ProviderImage:
        """``image`` reduced to its alpha channel, a grey PNG of the picture's size.

        Raises:
            Unfit: it is no cut-out of the picture; it was paid for.
        """
        try:
            content = await self._imaging.run(alpha_of, await picture.read(), image.content, letterbox)
        except (NotACutOut, UnusableImage) as error:
            code = error.code if isinstance(error, NotACutOut) else "malformed"
            raise Unfit(
                str(error),
                provider=self._provider,
                model=model,
                answer="",
                faults=str(error),
                code=code,
                request_id=image.request_id,
                cost_microusd=image.cost_microusd,
            ).counting(image.input_tokens, image.output_tokens) from error
        return replace(image, content=content, media_type="image/png", width=picture.width, height=picture.height)
