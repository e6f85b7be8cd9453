"""The store: what is signed and sent, what is tried again, and addresses for the cloud or a stand-in."""

import hashlib
import re
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from starlette.responses import Response

from generation.providers.cloudinary_account import parse_account
from generation.providers.cloudinary_store import CloudinaryStore
from generation.providers.errors import Broken, ConfigurationError, ProviderError, Throttled, Unavailable
from generation.providers.imaging import Imaging
from generation.providers.ports import StoredArtefact
from generation.providers.retry_policy import RetryPolicy

from .scripted import ScriptedVendor, Seen, Step, answer, cut, drip, png, slow

UPLOAD = "POST /v1_1/demo/image/upload"
DESTROY = "POST /v1_1/demo/image/destroy"
POLICY = RetryPolicy(backoff_base_seconds=0.01, call_timeout_seconds=1.0, wait_max_seconds=1.0)
STORED = StoredArtefact("runs/r1/result", 7, 10, "image/webp", 64, 64, None)


def stored(**more: Any) -> Response:
    body = {"public_id": "runs/r1/result", "version": 7, "width": 64, "height": 48, **more}
    return answer(body, x_request_id="cld_1")


def problem(status: int, **headers: str) -> Response:
    return answer({"error": {"message": "no"}}, status, **headers)


@pytest_asyncio.fixture
async def store(vendor: ScriptedVendor, imaging: Imaging) -> AsyncIterator[CloudinaryStore]:
    account = parse_account(f"cloudinary://key:secret@demo?upload_prefix={vendor.url}")
    opened = CloudinaryStore(account, imaging=imaging, policy=POLICY)
    yield opened
    await opened.aclose()


def form(seen: Seen) -> dict[str, str]:
    pairs = re.findall(rb'name="(\w+)"\r\n(?:Content-\w+: [^\r]+\r\n)*\r\n([^\r]*)\r\n--', seen.body)
    return {name.decode(): value.decode() for name, value in pairs if name != b"file"}


async def test_uploads_privately_under_the_key_with_a_valid_signature(
    vendor: ScriptedVendor, store: CloudinaryStore
) -> None:
    vendor.on(UPLOAD, stored())
    content = png()
    artefact = await store.put(content, key="runs/r1/result", media_type="image/png")
    assert artefact == StoredArtefact("runs/r1/result", 7, len(content), "image/png", 64, 48, "cld_1")
    (seen,) = vendor.seen
    sent = form(seen)
    assert (sent["type"], sent["overwrite"], sent["public_id"]) == ("authenticated", "1", "runs/r1/result")
    signed = "&".join(f"{n}={sent[n]}" for n in sorted(sent) if n not in ("api_key", "signature"))
    assert sent["signature"] == hashlib.sha1((signed + "secret").encode()).hexdigest()  # noqa: S324 - theirs
    assert content in seen.body
    assert b"secret" not in seen.body


RETRIED: list[tuple[str, Step]] = [
    ("423 still working", problem(423)),
    ("420 rate limited", problem(420, retry_after="0.01")),
    ("429 rate limited", problem(429)),
    ("500", problem(500)),
    ("502 HTML", Response("<html>", 502)),
    ("HTML 200", Response("<html>", 200)),
    ("empty object", answer({})),
    ("a list", answer([])),
    ("cut off", cut(b'{"version', 99)),
    ("silence", slow(2.5, stored())),
    ("dripping", drip(b" " * 100)),
]


@pytest.mark.parametrize("step", [row[1] for row in RETRIED], ids=[row[0] for row in RETRIED])
async def test_what_can_pass_is_tried_again(vendor: ScriptedVendor, store: CloudinaryStore, step: Step) -> None:
    vendor.on(UPLOAD, step, stored())
    artefact = await store.put(png(), key="runs/r1/result", media_type="image/png")
    assert artefact.version == 7
    assert vendor.count(UPLOAD) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
async def test_what_is_our_fault_is_sent_once(vendor: ScriptedVendor, store: CloudinaryStore, status: int) -> None:
    vendor.on(UPLOAD, problem(status))
    with pytest.raises(Broken):
        await store.put(png(), key="k", media_type="image/png")
    assert vendor.count(UPLOAD) == 1


@pytest.mark.parametrize(("status", "kind"), [(500, Unavailable), (420, Throttled)])
async def test_gives_up_after_three_tries(
    vendor: ScriptedVendor, store: CloudinaryStore, status: int, kind: type[ProviderError]
) -> None:
    vendor.on(UPLOAD, problem(status))
    with pytest.raises(kind):
        await store.put(png(), key="k", media_type="image/png")
    assert vendor.count(UPLOAD) == 3


async def test_does_not_wait_longer_than_is_worth_it(vendor: ScriptedVendor, store: CloudinaryStore) -> None:
    vendor.on(UPLOAD, problem(429, retry_after="3600"))
    with pytest.raises(Throttled):
        await store.put(png(), key="k", media_type="image/png")
    assert vendor.count(UPLOAD) == 1


async def test_text_is_never_taken_for_a_file(vendor: ScriptedVendor, store: CloudinaryStore, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for text in (str(secret), "https://example.org/x.png"):
        with pytest.raises(TypeError):
            await store.put(text, key="k", media_type="image/png")  # type: ignore[arg-type]
    assert vendor.seen == []


@pytest.mark.parametrize("key", ["", "../x", "a b", "a?b", "a.png", "/a", "a//b", "x" * 201])
async def test_odd_keys_are_turned_down(store: CloudinaryStore, key: str) -> None:
    with pytest.raises(ValueError, match="storage key"):
        await store.put(b"x", key=key, media_type="image/png")


@pytest.mark.parametrize(("result", "existed"), [("ok", True), ("not found", False)])
async def test_deleting_twice_is_fine(
    vendor: ScriptedVendor, store: CloudinaryStore, result: str, existed: bool
) -> None:
    vendor.on(DESTROY, answer({"result": result}))
    assert await store.delete("runs/r1/result") is existed
    assert parse_qs(vendor.seen[0].body.decode())["type"] == ["authenticated"]


def offline(url: str, imaging: Imaging) -> CloudinaryStore:
    return CloudinaryStore(parse_account(url), imaging=imaging, policy=POLICY)


async def test_signs_addresses_of_the_cloud(imaging: Imaging) -> None:
    store = offline("cloudinary://key:secret@demo", imaging)
    url = store.signed_url(STORED, expires_in=None, format="webp")
    assert re.fullmatch(
        r"https://res\.cloudinary\.com/demo/image/authenticated/s--[\w-]{8}--/v7/runs/r1/result\.webp", url
    )
    await store.aclose()


async def test_signs_addresses_of_a_stand_in_whatever_the_environment_says(
    imaging: Imaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cloudinary  # type: ignore[import-untyped]

    poison = dict.fromkeys(
        ("cloud_name", "api_key", "api_secret", "cname", "secure_distribution", "upload_prefix"), "poison"
    )
    everything = cloudinary.Config()
    everything.update(**poison, secure=True, shorten=True, use_root_path=True, long_url_signature=True)
    everything.update(use_fetch_format=True, responsive_width=True, auth_token={"key": "00", "duration": 9})
    monkeypatch.setattr(cloudinary, "_config", everything)
    options = "secure=false&private_cdn=true&cname=127.0.0.1:8080&upload_prefix=http://127.0.0.1:8080&timeout=5"
    store = offline(f"cloudinary://key:secret@demo?{options}", imaging)
    url = store.signed_url(STORED, expires_in=None, format="webp")
    assert url.startswith("http://127.0.0.1:8080/image/authenticated/s--")
    assert "poison" not in url
    expiring = store.signed_url(STORED, expires_in=timedelta(hours=1), format="webp")
    assert expiring.startswith("http://127.0.0.1:8080/v1_1/demo/image/download?")
    query = parse_qs(urlsplit(expiring).query)
    assert int(query["expires_at"][0]) == pytest.approx(time.time() + 3600, abs=5)
    assert (query["type"], query["api_key"]) == (["authenticated"], ["key"])
    await store.aclose()


@pytest.mark.parametrize(
    "url",
    ["", "https://key:s3cr3t@demo", "cloudinary://demo", "cloudinary://key@demo", "cloudinary://k:s3cr3t@d?x=1",
     "cloudinary://k:s3cr3t@d?secure=maybe"],
)  # fmt: skip
def test_an_odd_account_is_named_without_its_secret(url: str) -> None:
    with pytest.raises(ConfigurationError, match="CLOUDINARY_URL") as caught:
        parse_account(url)
    assert "s3cr3t" not in str(caught.value)


def test_the_secret_is_not_in_the_repr() -> None:
    assert "s3cr3t" not in repr(parse_account("cloudinary://key:s3cr3t@demo"))


RAW_UPLOAD = "POST /v1_1/demo/raw/upload"
FILE = StoredArtefact("runs/r1/quote.pdf", 7, 10, "application/pdf", 0, 0, None)


async def test_a_file_is_stored_as_it_is_and_read_again_for_each_try(
    vendor: ScriptedVendor, store: CloudinaryStore, tmp_path: Path
) -> None:
    file = tmp_path / "made.pdf"
    file.write_bytes(b"%PDF-1.4 content")
    vendor.on(RAW_UPLOAD, problem(500), stored(public_id=FILE.public_id, width=None, height=None))
    artefact = await store.put_file(file, key=FILE.public_id, media_type=FILE.media_type)
    assert artefact == StoredArtefact(FILE.public_id, 7, 16, "application/pdf", 0, 0, "cld_1")
    for seen in vendor.seen:
        assert b'filename="quote.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4 content\r\n' in seen.body
        assert (form(seen)["type"], form(seen)["public_id"]) == ("authenticated", FILE.public_id)


@pytest.mark.parametrize("key", ["", "quote", "../x.pdf", "a.b.pdf", "a.pdf/b", "a b.pdf", "a.p", ".pdf"])
async def test_odd_keys_of_files_are_turned_down(store: CloudinaryStore, tmp_path: Path, key: str) -> None:
    (tmp_path / "f").write_bytes(b"x")
    with pytest.raises(ValueError, match="storage key"):
        await store.put_file(tmp_path / "f", key=key, media_type="application/pdf")


async def test_files_are_addressed_and_deleted_among_files(vendor: ScriptedVendor, store: CloudinaryStore) -> None:
    vendor.on("POST /v1_1/demo/raw/destroy", answer({"result": "ok"}))
    assert await store.delete(FILE.public_id)
    url = store.signed_url(FILE, expires_in=None, format="pdf")
    assert re.search(r"/demo/raw/authenticated/s--[\w-]{8}--/v7/runs/r1/quote\.pdf$", url)
    expiring = urlsplit(store.signed_url(FILE, expires_in=timedelta(hours=1), format="pdf"))
    assert expiring.path == "/v1_1/demo/raw/download"
    assert parse_qs(expiring.query)["public_id"] == [FILE.public_id]
    assert "format" not in parse_qs(expiring.query)
