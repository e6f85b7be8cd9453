"""Bringing pictures over HTTP: what is taken, what is refused while it still comes, what a plan allows, whose it is."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest
from PIL import Image
from sqlalchemy import text

from common.db.database import Database
from common.ids import from_text
from generation.assets.assembly import AssetParts
from generation.assets.rules import PICTURE_BYTES_MAX
from generation.assets.uploading import OPEN_PER_ACCOUNT_MAX
from sandbox.client import SandboxClient

from ..stage import rows
from .conftest import Owner
from .specimens import REFUSED, SECRET, animated, encoded, jpeg, noise, photo_with_exif, png_of

MEBIBYTE = 1024 * 1024
FILE_HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'


def problem(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def states(database: Database, owner: Owner) -> list[str]:
    found = await rows(
        database, "SELECT state FROM assets WHERE account_id = :id ORDER BY asset_id", id=owner.account_id
    )
    return [row.state for row in found]


async def test_a_picture_is_cleaned_kept_privately_and_shown_to_its_owner(owner: Owner) -> None:
    asset = await owner.uploaded(photo_with_exif())

    assert asset["id"].startswith("ast_")
    assert (asset["media_type"], asset["width"], asset["height"]) == ("image/jpeg", 40, 80)
    shown = (await owner.ask("GET", f"/v1/assets/{asset['id']}")).json()
    assert {**shown, "url": "", "url_expires_at": ""} == {**asset, "url": "", "url_expires_at": ""}
    async with httpx2.AsyncClient(trust_env=False) as anybody:
        content = (await anybody.get(shown["url"])).raise_for_status().content
        assert SECRET.encode() not in content
        assert Image.open(io.BytesIO(content)).size == (40, 80)
        tampered = shown["url"].replace("expires_at=1", "expires_at=2")
        assert (await anybody.get(tampered)).status_code == 401


async def test_lists_the_newest_first_by_pages(owner: Owner) -> None:
    made = [(await owner.uploaded(jpeg()))["id"] for _ in range(3)]

    first = (await owner.ask("GET", "/v1/assets", params={"limit": 2})).json()
    second = (await owner.ask("GET", "/v1/assets", params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None
    assert problem(await owner.ask("GET", "/v1/assets", params={"cursor": "nonsense"})) == (422, "VALIDATION_FAILED")


async def test_nobody_sees_or_deletes_what_is_anothers(owner: Owner, stranger: Owner) -> None:
    asset = await owner.uploaded(jpeg(), key="k")
    opened = (await owner.ask("POST", "/v1/assets/uploads")).json()

    for method, path in [
        ("GET", f"/v1/assets/{asset['id']}"),
        ("DELETE", f"/v1/assets/{asset['id']}"),
        ("POST", f"/v1/assets/uploads/{opened['id']}/complete"),
        ("DELETE", f"/v1/assets/{opened['id']}"),
        ("GET", f"/v1/assets/ast_{'0' * 26}"),
        ("GET", "/v1/assets/nonsense"),
    ]:
        assert problem(await stranger.ask(method, path)) == (404, "NOT_FOUND"), path
    assert (await stranger.ask("GET", "/v1/assets")).json()["items"] == []
    assert (await stranger.uploaded(jpeg(), key="k"))["id"] != asset["id"]
    assert (await owner.ask("GET", f"/v1/assets/{asset['id']}")).status_code == 200


async def test_nobody_gets_in_without_the_gateways_word(owner: Owner) -> None:
    for method, path in [("POST", "/v1/assets"), ("GET", "/v1/assets"), ("POST", "/v1/assets/uploads")]:
        assert problem(await owner.http.request(method, path)) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("what", REFUSED)
async def test_refuses_what_is_no_picture(owner: Owner, database: Database, what: str) -> None:
    assert problem(await owner.upload(REFUSED[what])) == (415, "UNSUPPORTED_IMAGE")
    assert await states(database, owner) == ["failed"]


async def test_refuses_a_bomb(owner: Owner) -> None:
    assert problem(await owner.upload(png_of(20_000, 20_000, b"\x78\x9c"))) == (413, "PAYLOAD_TOO_LARGE")


async def test_neither_name_nor_declared_type_makes_a_picture(owner: Owner) -> None:
    files = {"file": ("../../etc/passwd.jpg\r\nX: y", REFUSED["html"], "image/png")}
    answer = await owner.http.post("/v1/assets", files=files, headers=owner.headers())
    assert problem(answer) == (415, "UNSUPPORTED_IMAGE")
    files = {"file": ("picture.exe", jpeg(), "application/x-msdownload")}
    assert (await owner.http.post("/v1/assets", files=files, headers=owner.headers())).status_code == 201


class Sender:
    """Somebody on a bare socket, who reads answers while they still send."""

    def __init__(self, owner: Owner, address: str) -> None:
        self.owner = owner
        self.port = urlsplit(address).port
        self.sent = 0

    async def open(self, *more: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        named = {**self.owner.headers(), "Host": "x", "Content-Type": "multipart/form-data; boundary=b"}
        head = [f"{name}: {value}" for name, value in named.items()]
        writer.write("\r\n".join(["POST /v1/assets HTTP/1.1", *head, *more, "", ""]).encode())
        await writer.drain()
        return reader, writer

    async def answer_to(self, chunks: AsyncIterator[bytes], *more: str) -> str:
        """The first line of the answer to a body that goes on and on."""
        reader, writer = await self.open("Transfer-Encoding: chunked", *more)
        line = asyncio.create_task(reader.readline())
        try:
            async for chunk in chunks:
                writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                await writer.drain()
                self.sent += len(chunk)
                if line.done():
                    break
            return (await asyncio.wait_for(line, 10)).decode()
        finally:
            writer.transport.abort()


async def test_a_file_of_a_hundred_megabytes_is_cut_off(owner: Owner, address: str, database: Database) -> None:
    """The sender declares no length, and is told after 15 MB, long before it is through."""

    async def flood() -> AsyncIterator[bytes]:
        yield FILE_HEAD + jpeg()
        for _ in range(1600):
            yield bytes(MEBIBYTE // 16)
            await asyncio.sleep(0)

    sender = Sender(owner, address)
    assert " 413 " in await sender.answer_to(flood())
    assert sender.sent < 40 * MEBIBYTE
    assert await states(database, owner) in (["failed"], ["deleting"])


async def test_a_declared_length_is_refused_before_a_byte_is_read(owner: Owner, address: str) -> None:
    reader, writer = await Sender(owner, address).open("Content-Length: 104857600")
    assert b" 413 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


async def test_fifteen_megabytes_are_the_most(owner: Owner) -> None:
    picture = jpeg()
    assert (await owner.upload(picture + bytes(PICTURE_BYTES_MAX - len(picture)))).status_code == 201
    assert problem(await owner.upload(picture + bytes(PICTURE_BYTES_MAX - len(picture) + 1))) == (
        413,
        "PAYLOAD_TOO_LARGE",
    )


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--b--\r\n"),
        ("multipart/form-data; boundary=", b"--b--\r\n"),
        ("multipart/form-data; boundary=" + "b" * 100, b""),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
        ("multipart/form-data; boundary=b", b"garbage without any boundary"),
        ("multipart/form-data; boundary=b", FILE_HEAD.replace(b'"file"', b'"other"') + b"x\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + jpeg()),
        (
            "multipart/form-data; boundary=b",
            (b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + jpeg() + b"\r\n") * 2 + b"--b--\r\n",
        ),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"X: y\r\n" * 100_000),
    ],
    ids=[
        "json", "no boundary", "empty boundary", "long boundary", "nothing", "no parts", "garbage", "no file",
        "not closed", "two files", "headers without end",
    ],
)  # fmt: skip
async def test_refuses_odd_forms(owner: Owner, content_type: str, body: bytes) -> None:
    answer = await owner.http.post("/v1/assets", content=body, headers=owner.headers(**{"Content-Type": content_type}))
    assert problem(answer) == (422, "VALIDATION_FAILED")


async def test_a_sender_that_drips_is_given_up(
    owner: Owner, address: str, parts: AssetParts, database: Database
) -> None:
    parts.uploads._receive_seconds_max = 0.5

    async def drip() -> AsyncIterator[bytes]:
        yield FILE_HEAD
        for byte in jpeg():
            yield bytes([byte])
            await asyncio.sleep(0.05)

    started = time.monotonic()
    assert " 408 " in await Sender(owner, address).answer_to(drip())
    assert time.monotonic() - started < 5
    assert await states(database, owner) == ["deleting"]


async def test_a_sender_that_goes_away_leaves_nothing(owner: Owner, address: str, database: Database) -> None:
    _, writer = await Sender(owner, address).open("Content-Length: 5000")
    writer.write(FILE_HEAD)
    await writer.drain()
    async with asyncio.timeout(20):
        while await states(database, owner) != ["open"]:  # noqa: ASYNC110 - the server's state
            await asyncio.sleep(0.02)
        writer.transport.abort()
        while await states(database, owner) != ["deleting"]:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


async def test_one_key_is_one_asset(owner: Owner, database: Database) -> None:
    first = await owner.upload(jpeg(), key="once")
    again = await owner.upload(jpeg(), key="once")
    other = await owner.upload(jpeg(quality=10), key="once")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert problem(other) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert await states(database, owner) == ["ready"]


async def test_a_refused_file_frees_its_key(owner: Owner) -> None:
    assert (await owner.upload(b"nonsense", key="once")).status_code == 415
    assert (await owner.upload(jpeg(), key="once")).status_code == 201


async def test_two_at_once_under_one_key_are_one_asset(owner: Owner, database: Database) -> None:
    content = encoded(noise(1500, 1500), "JPEG")
    answers = await asyncio.gather(*(owner.upload(content, key="both") for _ in range(4)))

    assert sorted({answer.status_code for answer in answers}) in ([201, 409], [200, 201], [200, 201, 409])
    assert (await states(database, owner)).count("ready") == 1
    assert len(await states(database, owner)) == 1


async def test_the_days_number_is_exact_under_concurrency(owner: Owner, database: Database) -> None:
    async with database.unit_of_work() as uow:
        await uow.execute(text("INSERT INTO asset_allowances VALUES ('tiny', 3, 1000000)"))
    owner.plan = "tiny"
    try:
        answers = await asyncio.gather(*(owner.upload(jpeg()) for _ in range(8)))
        refused = [answer for answer in answers if answer.status_code != 201]
        for _ in range(3):  # those that only came too many at once
            if len(await states(database, owner)) == 3:
                break
            await owner.upload(jpeg())
        assert len(await states(database, owner)) == 3
        assert {problem(answer)[1] for answer in refused} <= {"QUOTA_EXCEEDED", "TOO_MANY_IN_FLIGHT"}
        last = await owner.upload(jpeg())
        assert problem(last) == (429, "QUOTA_EXCEEDED")
        assert 86_000 < int(last.headers["retry-after"]) <= 86_400
        assert problem(await owner.ask("POST", "/v1/assets/uploads")) == (429, "QUOTA_EXCEEDED")
    finally:
        async with database.unit_of_work() as uow:
            await uow.execute(text("DELETE FROM asset_allowances WHERE plan = 'tiny'"))


async def test_keeps_no_more_bytes_than_the_plan_allows(owner: Owner, database: Database) -> None:
    size = (await owner.uploaded(jpeg()))["size_bytes"]
    async with database.unit_of_work() as uow:
        await uow.execute(
            text("INSERT INTO asset_allowances VALUES ('tiny', 100, :bytes)"), {"bytes": size * 2 + size // 2}
        )
    owner.plan = "tiny"
    try:
        second = await owner.uploaded(jpeg())
        assert problem(await owner.upload(jpeg())) == (429, "QUOTA_EXCEEDED")
        assert await states(database, owner) == ["ready", "ready", "deleting"]
        assert (await owner.ask("DELETE", f"/v1/assets/{second['id']}")).status_code == 204
        assert (await owner.upload(jpeg())).status_code == 201
    finally:
        async with database.unit_of_work() as uow:
            await uow.execute(text("DELETE FROM asset_allowances WHERE plan = 'tiny'"))


async def test_an_account_opens_only_so_many_at_once(owner: Owner, database: Database) -> None:
    async with database.unit_of_work() as uow:
        for _ in range(OPEN_PER_ACCOUNT_MAX):
            await uow.execute(
                text(
                    "INSERT INTO assets (asset_id, account_id, state, storage_key, upload_until)"
                    " VALUES (:id, :account, 'open', 'k', now() + interval '1 minute')"
                ),
                {"id": uuid4(), "account": owner.account_id},
            )
    assert problem(await owner.upload(jpeg())) == (429, "TOO_MANY_IN_FLIGHT")


async def test_storage_that_is_away_is_said_and_counts_nothing_as_kept(
    owner: Owner, sandbox: SandboxClient, database: Database
) -> None:
    await sandbox.fault("cloudinary", None, {"status": 500}, times=None)
    assert problem(await owner.upload(jpeg())) == (503, "DEPENDENCY_UNAVAILABLE")
    assert await states(database, owner) == ["deleting"]
    await sandbox.clear_faults()
    assert (await owner.upload(jpeg())).status_code == 201


async def test_gives_no_way_in_to_an_account_that_is_being_deleted(owner: Owner, database: Database) -> None:
    async with database.unit_of_work() as uow:
        await uow.execute(
            text("INSERT INTO account_deletions (deletion_id, account_id) VALUES (:id, :account)"),
            {"id": uuid4(), "account": owner.account_id},
        )
    assert problem(await owner.upload(jpeg())) == (403, "FORBIDDEN")


async def test_deleting_takes_the_link_away(owner: Owner, parts: AssetParts, database: Database) -> None:
    asset = await owner.uploaded(jpeg())

    assert (await owner.ask("DELETE", f"/v1/assets/{asset['id']}")).status_code == 204
    assert problem(await owner.ask("GET", f"/v1/assets/{asset['id']}")) == (404, "NOT_FOUND")
    assert problem(await owner.ask("DELETE", f"/v1/assets/{asset['id']}")) == (404, "NOT_FOUND")
    await parts.keeping.sweep()

    async with httpx2.AsyncClient(trust_env=False) as anybody:
        assert (await anybody.get(asset["url"])).status_code == 404
    (row,) = await rows(database, "SELECT * FROM assets WHERE asset_id = :id", id=from_text("ast", asset["id"]))
    assert (row.state, row.sha256, row.size_bytes) == ("deleted", None, None)


async def direct(owner: Owner, content: bytes, **changes: Any) -> tuple[str, httpx2.Response]:
    """Upload as a browser does; answers the asset's id and what storage said."""
    opened = (await owner.ask("POST", "/v1/assets/uploads")).json()
    fields = {**opened["fields"], **changes}
    async with httpx2.AsyncClient(trust_env=False) as browser:
        answer = await browser.post(opened["url"], data=fields, files={"file": ("p.jpg", content, "image/jpeg")})
    return opened["id"], answer


async def test_a_browser_uploads_straight_into_storage(owner: Owner, parts: AssetParts, database: Database) -> None:
    asset_id, stored = await direct(owner, photo_with_exif())
    assert stored.status_code == 200
    assert problem(await owner.ask("GET", f"/v1/assets/{asset_id}")) == (404, "NOT_FOUND")

    asset = (await owner.ask("POST", f"/v1/assets/uploads/{asset_id}/complete")).json()
    again = (await owner.ask("POST", f"/v1/assets/uploads/{asset_id}/complete")).json()

    assert (asset["id"], asset["width"], asset["height"]) == (asset_id, 40, 80)
    assert again["sha256"] == asset["sha256"]
    async with httpx2.AsyncClient(trust_env=False) as anybody:
        assert SECRET.encode() not in (await anybody.get(asset["url"])).content


async def test_the_signature_is_for_one_place_and_ten_minutes(owner: Owner) -> None:
    opened = (await owner.ask("POST", "/v1/assets/uploads")).json()
    assert opened["fields"]["type"] == "authenticated"
    assert opened["fields"]["public_id"].endswith(from_text("ast", opened["id"]).hex)
    assert "secret" not in str(opened).replace("sandbox-key", "")
    for change in ({"public_id": "elsewhere"}, {"type": "upload"}, {"timestamp": "9999999999"}, {"overwrite": "1"}):
        _, stored = await direct(owner, jpeg(), **change)
        assert stored.status_code == 401, change


async def test_the_signature_lapses_at_storage(monkeypatch: pytest.MonkeyPatch, owner: Owner) -> None:
    opened = (await owner.ask("POST", "/v1/assets/uploads")).json()
    ahead = time.time() + 11 * 60
    monkeypatch.setattr("sandbox.vendors.cloudinary.routes.time.time", lambda: ahead)
    async with httpx2.AsyncClient(trust_env=False) as browser:
        answer = await browser.post(opened["url"], data=opened["fields"], files={"file": ("p", jpeg(), "image/jpeg")})
    assert answer.status_code == 400
    assert "Stale" in answer.text


async def test_a_direct_upload_is_judged_before_it_is_an_asset(owner: Owner, database: Database) -> None:
    """Storage takes what it can open: an animation lands there, and goes no further."""
    asset_id, stored = await direct(owner, animated("WEBP"))
    assert stored.status_code == 200
    path = f"/v1/assets/uploads/{asset_id}/complete"
    assert problem(await owner.ask("POST", path)) == (415, "UNSUPPORTED_IMAGE")
    assert problem(await owner.ask("POST", path)) == (404, "NOT_FOUND")
    assert await states(database, owner) == ["failed"]


async def test_completing_too_soon_can_be_repeated(owner: Owner) -> None:
    opened = (await owner.ask("POST", "/v1/assets/uploads", key="u")).json()
    path = f"/v1/assets/uploads/{opened['id']}/complete"
    assert problem(await owner.ask("POST", path)) == (409, "CONFLICT")

    same = (await owner.ask("POST", "/v1/assets/uploads", key="u")).json()
    assert (same["id"], same["fields"]["public_id"]) == (opened["id"], opened["fields"]["public_id"])
    async with httpx2.AsyncClient(trust_env=False) as browser:
        await browser.post(same["url"], data=same["fields"], files={"file": ("p", jpeg(), "image/jpeg")})
    assert (await owner.ask("POST", path)).status_code == 200
    assert problem(await owner.upload(jpeg(), key="u")) == (422, "IDEMPOTENCY_KEY_REUSED")


async def test_completing_twice_at_once_is_one_asset(owner: Owner, database: Database) -> None:
    asset_id, _ = await direct(owner, encoded(noise(800, 800), "JPEG"))
    path = f"/v1/assets/uploads/{asset_id}/complete"
    answers = await asyncio.gather(*(owner.ask("POST", path) for _ in range(3)))
    assert 200 in {answer.status_code for answer in answers}
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert await states(database, owner) == ["ready"]
