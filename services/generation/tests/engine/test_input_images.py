"""Pictures that kinds are given: by asset or address, clean and private, refused in stable words, gone with the run."""

import asyncio
import contextlib
import json
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpcore2
import jsonschema_rs
import pytest
import pytest_asyncio
from PIL import Image
from pydantic import ValidationError
from sqlalchemy import text

from common.db.database import Database
from common.http import public_network
from common.ids import from_text, to_text
from generation.assets.assembly import AssetParts
from generation.engine.failures import JobFailed
from generation.engine.image_input import ImageInput
from generation.engine.input_images import InputImage, InputImages, RunImages
from generation.engine.run_folder import FOLDER_PREFIX
from generation.kinds.kind import Kind
from generation.providers.bootstrap import Providers
from sandbox.server import SandboxServer

from ..assets import conftest as desks
from ..assets.conftest import Owner
from ..assets.specimens import REFUSED, SECRET, encoded, jpeg, noise, photo_with_exif, png_of
from ..stage import Answer, enqueue_one, executor_of, input_images_at, kind_of, rows, until_state

pool, _server, server, parts, address, http, owner = (
    desks.pool, desks._server, desks.server, desks.parts, desks.address, desks.http, desks.owner,
)  # fmt: skip

Reply = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
ASSET = to_text("ast", uuid4())


class Crop(ImageInput):
    ratio: str = "1:1"


SCHEMA = jsonschema_rs.Draft202012Validator(Crop.model_json_schema(), validate_formats=True)


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ({"asset_id": ASSET}, True),
        ({"image_url": "https://example.com/a.jpg", "ratio": "4:3"}, True),
        ({"image_url": "http://example.com"}, True),
        ({}, False),
        ({"ratio": "1:1"}, False),
        ({"asset_id": ASSET, "image_url": "https://example.com/a.jpg"}, False),
        ({"asset_id": "job_" + "0" * 26}, False),
        ({"asset_id": ASSET.upper()}, False),
        ({"asset_id": "ast_8" + "z" * 25}, False),
        ({"image_url": "ftp://example.com/a.jpg"}, False),
        ({"image_url": "file:///etc/passwd"}, False),
        ({"image_url": "/etc/passwd"}, False),
        ({"image_url": "https://example.com/" + "a" * 1981}, False),
        ({"image_url": "https://example.com/" + "a" * 1980}, True),
        ({"image_url": "https://example.com/a b"}, False),
        ({"image_url": 7}, False),
    ],
)
def test_the_schema_and_the_model_agree_on_exactly_one(value: dict[str, Any], valid: bool) -> None:
    assert SCHEMA.is_valid(value) is valid
    with contextlib.nullcontext() if valid else pytest.raises(ValidationError):
        Crop.model_validate(value)


def test_null_is_no_picture_in_the_schema_and_what_was_dumped_can_be_read_back() -> None:
    assert not SCHEMA.is_valid({"asset_id": ASSET, "image_url": None})
    assert Crop.model_validate(Crop(asset_id=ASSET).model_dump()).asset_id == ASSET
    members = Crop.model_json_schema()["properties"]
    assert members["asset_id"]["type"] == members["image_url"]["type"] == "string"
    assert "null" not in json.dumps(Crop.model_json_schema())


@contextlib.asynccontextmanager
async def site(*replies: Reply) -> AsyncIterator[str]:
    """A web server that gives the replies in turn, the last one for ever."""
    left = list(replies)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            reply = left.pop(0) if len(left) > 1 else left[0]
            if callable(reply):
                await reply(writer)
            else:
                writer.write(reply)
                await writer.drain()
        writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


def ok(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"content-length: %d" % len(body), *headers]) + b"\r\n\r\n" + body


def moved(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n".encode()


@pytest_asyncio.fixture
async def images(server: SandboxServer, database: Database) -> AsyncIterator[InputImages]:
    async with input_images_at(server.public_url, database, "127.0.0.1") as built:
        yield built


@pytest_asyncio.fixture
async def guarded(server: SandboxServer, database: Database) -> AsyncIterator[InputImages]:
    """As in production: no host is exempt."""
    async with input_images_at(server.public_url, database) as built:
        yield built


@pytest_asyncio.fixture
async def run(images: InputImages, owner: Owner) -> AsyncIterator[RunImages]:
    opened = images.for_run(owner.account_id)
    yield opened
    await opened.aclose()


async def refusal(run: RunImages, **named: str) -> tuple[str, str]:
    with pytest.raises(JobFailed) as failed:
        await run.bring(Crop(**named))
    return failed.value.code, failed.value.detail


async def test_an_asset_comes_as_it_was_cleaned(run: RunImages, owner: Owner) -> None:
    asset = await owner.uploaded(photo_with_exif())
    image = await run.bring(Crop(asset_id=asset["id"]))

    assert (image.width, image.height, image.media_type) == (40, 80, "image/jpeg")
    assert image.size_bytes == image.path.stat().st_size
    with Image.open(image.path) as opened:
        assert opened.size == (40, 80)
    again = await run.bring(Crop(asset_id=asset["id"]))
    assert (again.sha256, again.path == image.path) == (image.sha256, False)


async def test_an_address_comes_clean_and_private_and_goes_with_the_run(images: InputImages, owner: Owner) -> None:
    run = images.for_run(owner.account_id)
    async with site(ok(photo_with_exif())) as at:
        image = await run.bring(Crop(image_url=f"{at}/photo?x=1#y"))

    assert (image.width, image.height) == (40, 80)
    assert SECRET.encode() not in image.path.read_bytes()
    folder = image.path.parent.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in image.path.parent.iterdir()] == ["clean"]
    await run.aclose()
    assert not folder.exists()


async def test_anothers_asset_is_not_there(images: InputImages, owner: Owner) -> None:
    asset = await owner.uploaded(jpeg())
    run = images.for_run(uuid4())
    assert (await refusal(run, asset_id=asset["id"]))[0] == "ASSET_NOT_FOUND"
    assert await refusal(run, asset_id=asset["id"]) == await refusal(run, asset_id=ASSET)
    await run.aclose()


async def test_a_deleted_asset_is_not_there(run: RunImages, owner: Owner, parts: AssetParts) -> None:
    deleted, lost = await owner.uploaded(jpeg()), await owner.uploaded(jpeg())
    await owner.ask("DELETE", f"/v1/assets/{deleted['id']}")
    key = f"assets/{owner.account_id.hex}/{from_text('ast', lost['id']).hex}"
    assert await parts.uploads._store.delete(key)
    assert (await refusal(run, asset_id=deleted["id"]))[0] == "ASSET_NOT_FOUND"
    assert (await refusal(run, asset_id=lost["id"]))[0] == "ASSET_NOT_FOUND"


async def test_using_an_asset_keeps_it(run: RunImages, owner: Owner, database: Database) -> None:
    asset = await owner.uploaded(jpeg())
    async with database.unit_of_work() as uow:
        await uow.execute(text("UPDATE assets SET used_at = now() - interval '29 days'"))
    await run.bring(Crop(asset_id=asset["id"]))
    (row,) = await rows(database, "SELECT used_at > now() - interval '1 minute' AS fresh FROM assets")
    assert row.fresh


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_no_picture_fails_the_job(run: RunImages, what: str) -> None:
    async with site(ok(REFUSED[what], b"content-type: image/png")) as at:
        assert (await refusal(run, image_url=at))[0] == "UNSUPPORTED_IMAGE"


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n")
    for byte in jpeg():
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def _flood(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + jpeg())
    for _ in range(100):
        writer.write(bytes(1024 * 1024))
        await writer.drain()


async def _silence(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


HOSTILE: dict[str, tuple[Reply, str]] = {
    "flood": (_flood, "IMAGE_TOO_LARGE"),
    "declared 100 MB": (b"HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n", "IMAGE_TOO_LARGE"),
    "bomb": (ok(png_of(20_000, 20_000, b"\x78\x9c")), "IMAGE_TOO_LARGE"),
    "gzip bomb": (ok(b"\x1f\x8b" + bytes(50), b"content-encoding: gzip"), "IMAGE_UNREACHABLE"),
    "status 404": (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "IMAGE_UNREACHABLE"),
    "status 204": (b"HTTP/1.1 204 No Content\r\n\r\n", "IMAGE_UNREACHABLE"),
    "status 206": (b"HTTP/1.1 206 Partial Content\r\ncontent-length: 2\r\n\r\n\xff\xd8", "IMAGE_UNREACHABLE"),
    "no http": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "IMAGE_UNREACHABLE"),
    "hang-up": (b"", "IMAGE_UNREACHABLE"),
    "cut off": (b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + jpeg(), "IMAGE_UNREACHABLE"),
    "loop": (moved("/again"), "IMAGE_UNREACHABLE"),
    "to a file": (moved("file:///etc/passwd"), "IMAGE_UNREACHABLE"),
    "to nothing": (moved("http://"), "IMAGE_UNREACHABLE"),
    "to metadata": (moved("http://169.254.169.254/latest/meta-data/"), "IMAGE_UNREACHABLE"),
    "to our network": (moved("http://10.0.0.1/"), "IMAGE_UNREACHABLE"),
    "to a port": (moved("http://203.0.113.7:6379/"), "IMAGE_UNREACHABLE"),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_a_hostile_site_fails_the_job_and_leaves_no_file(run: RunImages, what: str) -> None:
    reply, code = HOSTILE[what]
    async with site(reply) as at:
        assert (await refusal(run, image_url=at))[0] == code
    folder = await run._folder.path()
    assert [path for path in folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("reply", [_drip, _silence], ids=["drip", "silence"])
async def test_a_slow_site_is_given_up(monkeypatch: pytest.MonkeyPatch, run: RunImages, reply: Reply) -> None:
    monkeypatch.setattr("generation.engine.input_images.FETCH_SECONDS_MAX", 0.5)
    async with site(reply) as at, asyncio.timeout(5):
        code, detail = await refusal(run, image_url=at)
    assert (code, detail) == ("IMAGE_UNREACHABLE", "The address took too long to answer.")


OURS = [
    "127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "0", "0.0.0.0",  # noqa: S104 - named, not bound
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254",
    "100.64.0.1", "localhost", "LOCALHOST", "localhost.", "127.0.0.1.", "①②⑦.⓪.⓪.①", "127。0。0。1", "224.0.0.1",
    "255.255.255.255",
]  # fmt: skip


@pytest.mark.parametrize("host", OURS)
async def test_never_connects_to_our_own_network(guarded: InputImages, host: str) -> None:
    run = guarded.for_run(uuid4())
    async with asyncio.timeout(10):
        code, detail = await refusal(run, image_url=f"http://{host}/secret")
    assert code == "IMAGE_UNREACHABLE"
    assert "refused" not in detail.lower(), "nothing about what answers there"
    await run.aclose()


async def test_a_name_that_changes_its_mind_is_asked_once(
    monkeypatch: pytest.MonkeyPatch, guarded: InputImages
) -> None:
    """DNS rebinding: public at the first look, ours at the second. There is no second look."""
    asked: list[str] = []

    async def getaddrinfo(self: Any, host: str, port: int, **options: Any) -> list[Any]:
        asked.append(host)
        address = "203.0.113.7" if len(asked) > 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(type(loop), "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(public_network, "is_public", lambda text: text == "127.0.0.1")
    connected: list[str] = []

    async def connect(self: Any, host: str, *rest: Any, **options: Any) -> Any:
        connected.append(host)
        raise httpcore2.ConnectError("nobody there")

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    run = guarded.for_run(uuid4())
    assert (await refusal(run, image_url="http://rebinding.example/"))[0] == "IMAGE_UNREACHABLE"
    assert (asked, connected) == (["rebinding.example"], ["127.0.0.1"])
    await run.aclose()


def viewing(seen: list[InputImage]) -> Kind[Any, Answer]:
    async def look(request: Any, job: Any) -> Answer:
        seen.append(await job.input_image(Crop.model_validate_json(request.text)))
        return Answer(value=f"{seen[-1].width}x{seen[-1].height}")

    return kind_of(look)


async def carry_out(
    database: Database, providers: Providers, images: InputImages, account: UUID, **named: str
) -> tuple[Any, list[InputImage]]:
    seen: list[InputImage] = []
    executor = executor_of(database, providers, viewing(seen), input_images=images)
    job_id = await enqueue_one(database, account=account, job_input={"text": json.dumps(named)})
    executor.answer("image")
    row = await until_state(database, job_id, "completed", "failed", seconds=30)
    await executor.drain(5)
    return row, seen


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], list[str]]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return lambda: [path.name for path in tmp_path.iterdir() if path.name.startswith(FOLDER_PREFIX)]


async def test_a_kind_gets_its_picture_and_the_run_leaves_no_file(
    database: Database, nobody: Providers, images: InputImages, owner: Owner, folders: Callable[[], list[str]]
) -> None:
    asset = await owner.uploaded(encoded(noise(300, 200), "PNG"))
    row, (image,) = await carry_out(database, nobody, images, owner.account_id, asset_id=asset["id"])
    assert (row.state, row.result["value"]) == ("completed", "300x200")
    assert not image.path.exists()
    assert folders() == []


async def test_a_job_that_names_no_usable_picture_fails_in_stable_words(
    database: Database, nobody: Providers, images: InputImages, owner: Owner, folders: Callable[[], list[str]]
) -> None:
    asset = await owner.uploaded(jpeg())
    row, _ = await carry_out(database, nobody, images, uuid4(), asset_id=asset["id"])
    assert (row.state, row.error_code) == ("failed", "ASSET_NOT_FOUND")
    async with site(ok(b"nonsense" * 10)) as at:
        row, _ = await carry_out(database, nobody, images, owner.account_id, image_url=at)
    assert (row.state, row.error_code) == ("failed", "UNSUPPORTED_IMAGE")
    assert folders() == []
