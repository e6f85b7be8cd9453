"""The real Cloudinary SDK against the sandbox."""

import asyncio
import io
import time
from typing import Any
from urllib.parse import urlsplit

import cloudinary.exceptions  # type: ignore[import-untyped]
import cloudinary.uploader  # type: ignore[import-untyped]
import cloudinary.utils  # type: ignore[import-untyped]
import httpx2
import pytest
from PIL import Image

from sandbox.client import SandboxClient
from sandbox.server import SandboxServer

CREDENTIALS = {"cloud_name": "sandbox", "api_key": "sandbox-key", "api_secret": "sandbox-secret"}


@pytest.fixture
def options(server: SandboxServer) -> dict[str, Any]:
    return {**CREDENTIALS, "upload_prefix": f"{server.public_url}/cloudinary", "timeout": 5}


@pytest.fixture
def delivery(server: SandboxServer) -> dict[str, Any]:
    return {
        **CREDENTIALS,
        "secure": False,
        "private_cdn": True,
        "cname": urlsplit(server.public_url).netloc,
        "sign_url": True,
        "type": "authenticated",
    }


def _picture(width: int = 80, height: int = 60) -> bytes:
    image = Image.new("RGB", (width, height), "white")
    image.paste((200, 30, 60), (width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


async def _upload(options: dict[str, Any], **more: Any) -> dict[str, Any]:
    settings = {"public_id": "jobs/one & two", "type": "authenticated", **options, **more}
    return dict(await asyncio.to_thread(cloudinary.uploader.upload, _picture(), **settings))


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_uploads_with_either_signature(options: dict[str, Any], algorithm: str) -> None:
    result = await _upload(options, signature_algorithm=algorithm)
    assert (result["width"], result["height"], result["format"]) == (80, 60, "png")
    assert result["type"] == "authenticated"
    assert result["request_id"]
    expected = cloudinary.utils.api_sign_request(
        {"public_id": result["public_id"], "version": result["version"]},
        "sandbox-secret",
        signature_version=1,
    )
    assert result["signature"] == expected


async def test_refuses_a_wrong_secret(options: dict[str, Any]) -> None:
    with pytest.raises(cloudinary.exceptions.AuthorizationRequired):
        await _upload(options, api_secret="guess")


@pytest.mark.parametrize("long", [False, True])
async def test_delivers_a_signed_url_converted_and_transformed(
    options: dict[str, Any], delivery: dict[str, Any], http: httpx2.AsyncClient, long: bool
) -> None:
    result = await _upload(options)
    url, _ = cloudinary.utils.cloudinary_url(
        result["public_id"],
        version=result["version"],
        format="webp",
        transformation=[{"crop": "scale", "width": 0.5}, {"effect": "upscale"}],
        long_url_signature=long,
        **delivery,
    )
    answer = await http.get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(answer.content)).size == (160, 120)


async def test_refuses_a_missing_or_wrong_signature(
    options: dict[str, Any], delivery: dict[str, Any], http: httpx2.AsyncClient
) -> None:
    result = await _upload(options, public_id="plain")
    unsigned, _ = cloudinary.utils.cloudinary_url("plain", format="png", **{**delivery, "sign_url": False})
    forged, _ = cloudinary.utils.cloudinary_url("plain", format="png", **{**delivery, "api_secret": "guess"})
    other = result["secure_url"].replace("plain", "other")
    assert [(await http.get(url)).status_code for url in (unsigned, forged, other)] == [401, 401, 401]
    assert (await http.get(result["secure_url"])).status_code == 200


async def test_makes_eager_derivations(options: dict[str, Any], http: httpx2.AsyncClient) -> None:
    eager = [{"effect": "background_removal", "format": "png"}, {"width": 30, "height": 30, "crop": "fill"}]
    result = await _upload(options, eager=eager)
    assert [(one["width"], one["height"]) for one in result["eager"]] == [(80, 60), (30, 30)]
    cut = await http.get(result["eager"][0]["secure_url"])
    alpha = Image.open(io.BytesIO(cut.content)).convert("RGBA").getchannel("A")
    assert alpha.getpixel((1, 1)) == 0
    assert alpha.getpixel((40, 30)) == 255


async def test_private_download_expires(options: dict[str, Any], http: httpx2.AsyncClient) -> None:
    await _upload(options, public_id="private")
    arguments = {**options, "type": "authenticated"}
    fresh = cloudinary.utils.private_download_url("private", "jpg", expires_at=int(time.time()) + 60, **arguments)
    stale = cloudinary.utils.private_download_url("private", "jpg", expires_at=int(time.time()) - 60, **arguments)
    good = await http.get(fresh)
    assert (good.status_code, good.headers["content-type"]) == (200, "image/jpeg")
    assert (await http.get(stale)).status_code == 404
    assert (await http.get(fresh.replace("private&", "other&"))).status_code == 401


async def test_destroys(options: dict[str, Any]) -> None:
    result = await _upload(options)
    arguments = {**options, "type": "authenticated"}
    for expected in ("ok", "not found"):
        answer = await asyncio.to_thread(cloudinary.uploader.destroy, result["public_id"], **arguments)
        assert answer["result"] == expected


async def test_refuses_what_is_no_picture_and_too_large_an_upscale(options: dict[str, Any]) -> None:
    with pytest.raises(cloudinary.exceptions.BadRequest, match="Invalid image file"):
        await asyncio.to_thread(cloudinary.uploader.upload, b"text", **options)
    with pytest.raises(cloudinary.exceptions.BadRequest, match=r"4\.2 megapixels"):
        await asyncio.to_thread(
            cloudinary.uploader.upload, _picture(2400, 2000), eager=[{"effect": "upscale"}], **options
        )


async def test_answers_423_while_deriving_when_scripted(
    options: dict[str, Any], http: httpx2.AsyncClient, control: SandboxClient
) -> None:
    result = await _upload(options)
    await control.fault("cloudinary", "deliver", {"status": 423}, times=2)
    statuses = [(await http.get(result["secure_url"])).status_code for _ in range(3)]
    assert statuses == [423, 423, 200]


async def test_rate_limit_reaches_the_sdk_as_such(options: dict[str, Any], control: SandboxClient) -> None:
    await control.fault("cloudinary", "upload", {"status": 420})
    with pytest.raises(cloudinary.exceptions.RateLimited):
        await _upload(options)


async def test_files_are_kept_as_they_are(options: dict[str, Any], delivery: dict[str, Any]) -> None:
    """A `raw` file has its suffix in its id; its signed address gives back the same bytes, an unsigned one nothing."""
    content = b"%PDF-1.4 not really"
    file = {"public_id": "jobs/one.pdf", "type": "authenticated", "resource_type": "raw", **options}
    stored = await asyncio.to_thread(cloudinary.uploader.upload, io.BytesIO(content), **file)
    assert (stored["public_id"], stored["resource_type"], stored["bytes"]) == ("jobs/one.pdf", "raw", len(content))
    signed = {**delivery, "resource_type": "raw", "version": stored["version"]}
    url, _ = cloudinary.utils.cloudinary_url("jobs/one.pdf", **signed)
    download = cloudinary.utils.private_download_url(
        "jobs/one.pdf", "", **options, resource_type="raw", type="authenticated", expires_at=int(time.time()) + 60
    )
    async with httpx2.AsyncClient() as http:
        for address in (url, stored["secure_url"], download):
            answer = await http.get(address)
            assert (answer.status_code, answer.content) == (200, content), address
            assert answer.headers["content-type"] == "application/pdf"
        unsigned = "/".join(part for part in url.split("/") if not part.startswith("s--"))
        assert (await http.get(unsigned)).status_code == 401
        gone = await asyncio.to_thread(
            cloudinary.uploader.destroy, "jobs/one.pdf", type="authenticated", resource_type="raw", **options
        )
        assert gone["result"] == "ok"
        assert (await http.get(url)).status_code == 404


async def test_a_download_address_works_until_its_time_and_no_longer(
    options: dict[str, Any], http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A week's address is signed today; the hour that other signatures last does not count for it."""
    await _upload(options, public_id="jobs/kept")
    long_ago = int(time.time()) - 3 * 86400
    monkeypatch.setattr(cloudinary.utils, "now", lambda: str(long_ago))

    async def fetched(**times: Any) -> int:
        more = {**options, "type": "authenticated", **times}
        return (await http.get(cloudinary.utils.private_download_url("jobs/kept", "webp", **more))).status_code

    assert await fetched(expires_at=long_ago + 7 * 86400) == 200
    assert await fetched(expires_at=long_ago + 86400) == 404
    assert await fetched() == 400
