"""Pictures of customers through the whole product: brought by the gateway, used by a job, gone with the account."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2
from PIL import Image

from atelier_local.stack import Stack

from .studio import Customer, until
from .tenants import PASSWORD, picture

MEBIBYTE = 1024 * 1024


def photo(width: int, height: int) -> bytes:
    """A JPEG of some megabytes that lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.effect_noise((width, height), 120).convert("RGB").save(out, "JPEG", quality=95, exif=exif)
    return out.getvalue()


async def upload(customer: Customer, content: bytes, **headers: str) -> httpx2.Response:
    files = {"file": ("holiday.jpg", content, "image/jpeg")}
    return await customer.http.post("/v1/assets", files=files, headers=headers)


async def test_a_large_photo_passes_the_gateway_and_is_seen_by_a_kind(customer: Customer) -> None:
    content = photo(2400, 1800)
    assert len(content) > 2 * MEBIBYTE, "more than any other route takes"

    answer = await upload(customer, content)
    assert answer.status_code == 201, answer.text
    asset = answer.json()
    job = await customer.outcome(await customer.accepted("picture-facts", asset_id=asset["id"]))

    assert (asset["width"], asset["height"]) == (1800, 2400)
    assert job["status"] == "succeeded"
    assert (job["result"]["width"], job["result"]["height"]) == (1800, 2400)
    async with httpx2.AsyncClient(trust_env=False) as anybody:
        linked = (await anybody.get(asset["url"])).content
    assert hashlib.sha256(linked).hexdigest() == asset["sha256"]


async def test_the_gateway_checks_how_a_picture_is_named_and_a_bad_one_costs_nothing(customer: Customer) -> None:
    for named in (
        {},
        {"asset_id": "ast_" + "0" * 26, "image_url": "https://example.com/a.jpg"},
        {"asset_id": "nonsense"},
        {"image_url": "file:///etc/passwd"},
    ):
        refused = await customer.submit("picture-facts", **named)
        assert refused.status_code == 422, named

    for named, code in (
        ({"asset_id": "ast_" + "0" * 26}, "ASSET_NOT_FOUND"),
        ({"image_url": "http://169.254.169.254/latest/meta-data/"}, "IMAGE_UNREACHABLE"),
        ({"image_url": "http://[::ffff:127.0.0.1]/"}, "IMAGE_UNREACHABLE"),
    ):
        job = await customer.outcome(await customer.accepted("picture-facts", **named))
        assert (job["status"], job["error"]["code"]) == ("failed", code)
    assert await customer.has_credits(10)


async def test_what_is_too_long_or_no_picture_is_refused_through_the_gateway(stack: Stack, customer: Customer) -> None:
    assert (await upload(customer, b"<svg/>")).status_code == 415
    declared = await upload(customer, bytes(17 * MEBIBYTE))
    assert (declared.status_code, declared.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")

    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(stack.urls["gateway"]).port)
    head = [
        "POST /v1/assets HTTP/1.1", "Host: x", f"Authorization: {customer.http.headers['authorization']}",
        "Content-Type: multipart/form-data; boundary=b", "Transfer-Encoding: chunked", "", "",
    ]  # fmt: skip
    writer.write("\r\n".join(head).encode())
    line = asyncio.create_task(reader.readline())
    sent = 0
    async for chunk in _endless():
        writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        await writer.drain()
        sent += len(chunk)
        if line.done():
            break
    assert b" 413 " in await asyncio.wait_for(line, 10)
    assert sent < 40 * MEBIBYTE
    writer.transport.abort()


async def _endless() -> AsyncIterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + picture()
    for _ in range(1600):
        yield bytes(MEBIBYTE // 16)
        await asyncio.sleep(0)


async def test_a_lost_answer_is_given_again(customer: Customer) -> None:
    first = await upload(customer, picture(), **{"Idempotency-Key": "mine"})
    again = await upload(customer, picture(), **{"Idempotency-Key": "mine"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]


async def test_a_browser_uploads_directly_and_a_job_uses_it(customer: Customer) -> None:
    opened = (await customer.http.post("/v1/assets/uploads")).json()
    async with httpx2.AsyncClient(trust_env=False) as browser:
        files = {"file": ("p.png", picture(50, 40), "image/png")}
        (await browser.post(opened["url"], data=opened["fields"], files=files)).raise_for_status()
    completed = await customer.http.post(f"/v1/assets/uploads/{opened['id']}/complete")
    assert completed.status_code == 200, completed.text

    job = await customer.outcome(await customer.accepted("picture-facts", asset_id=opened["id"]))
    assert (job["result"]["width"], job["result"]["height"]) == (50, 40)
    listed = (await customer.http.get("/v1/assets")).json()["items"]
    assert [item["id"] for item in listed] == [opened["id"]]


async def test_a_key_needs_its_scopes(stack: Stack, customer: Customer) -> None:
    made = await customer.http.post("/v1/keys", json={"name": "reads", "scopes": ["jobs:read"]})
    headers = {"Authorization": f"Bearer {made.json()['secret']}"}
    assert (await customer.http.get("/v1/assets", headers=headers)).status_code == 200
    assert (await upload(customer, picture(), **headers)).status_code == 403


async def test_pictures_go_with_the_account(stack: Stack) -> None:
    customer = await Customer.sign_up(stack.urls["gateway"])
    try:
        asset = (await upload(customer, picture())).json()
        left = await customer.http.request("DELETE", "/v1/me", json={"password": PASSWORD})
        assert left.status_code == 202, left.text
        async with httpx2.AsyncClient(trust_env=False) as anybody:

            async def gone() -> bool:
                return (await anybody.get(asset["url"])).status_code == 404

            await until(gone, what="the end of the picture")
    finally:
        await customer.aclose()
