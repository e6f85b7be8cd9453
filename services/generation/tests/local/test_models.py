"""Local models: found where their wheels lie, and, where those are installed (`make local-models`), at work."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image, ImageChops, ImageStat

from generation.local import models
from generation.local.pool import LocalPool, PoolLimits
from generation.providers.local_pictures import CUT_OUT_TASKS, UPSCALE_TASKS

from .drawings import poster, thing


def installed(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(models.missing(name) is not None, reason=f"{models.REQUIREMENTS} is not installed")


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[LocalPool]:
    opened = LocalPool(PoolLimits(processes_max=1))
    yield opened
    await opened.drain()


def test_weights_are_found_in_a_package_that_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "weights_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('no Vulkan here')")
    model = models.LocalModel("json", package.name, ("net.onnx",))
    monkeypatch.setitem(models.MODELS, "net", model)
    monkeypatch.syspath_prepend(str(tmp_path))

    absent = models.missing("net")
    with pytest.raises(models.NotInstalled):
        models.locate("net")
    (package / "net.onnx").write_bytes(b"weights")

    assert absent is not None
    assert models.REQUIREMENTS in absent
    assert models.missing("net") is None
    assert models.locate("net") == [package / "net.onnx"]
    assert models.missing("lanczos") is None


@installed("u2netp")
async def test_u2netp_leaves_the_thing_and_takes_the_background(pool: LocalPool, tmp_path: Path) -> None:
    source, target = tmp_path / "source.png", tmp_path / "cut.png"
    thing((640, 480), (220, 140, 420, 340)).save(source)

    facts = await pool.run(CUT_OUT_TASKS["u2netp"], {"source": str(source), "target": str(target)})

    assert facts["cpu_seconds"] > 0
    with Image.open(target) as cut:
        alpha = cut.getchannel("A")
    assert ImageStat.Stat(alpha.crop((240, 160, 400, 320))).mean[0] > 200
    assert ImageStat.Stat(alpha.crop((0, 0, 640, 60))).mean[0] < 30


@installed("realesr-animevideov3")
@pytest.mark.parametrize("scale", [2, 4])
async def test_realesr_enlarges_without_seams(pool: LocalPool, tmp_path: Path, scale: int) -> None:
    """The poster is larger than a tile; what is enlarged and shrunk again is the picture."""
    source, target = tmp_path / "source.png", tmp_path / "large.webp"
    original = poster().resize((331, 221))
    original.save(source)
    width, height = 331 * scale, 221 * scale
    arguments = {"source": str(source), "target": str(target), "width": width, "height": height}

    await pool.run(UPSCALE_TASKS["realesr-animevideov3"], arguments)

    with Image.open(target) as large:
        assert large.size == (width, height)
        back = large.convert("RGB").resize(original.size, Image.Resampling.BOX)
    assert max(ImageStat.Stat(ImageChops.difference(back, original)).mean) < 8
