"""What is no JSON, or no text at all, is the client's mistake and answered like every other mistake in a body."""

import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from common.http.app import create_app


class Note(BaseModel):
    text: str


router = APIRouter()


@router.post("/v1/notes")
async def note(note: Note) -> Note:
    return note


@pytest.fixture
async def http(settings, serve, client):
    app = create_app(service="t", settings=settings, routers=[router], readiness={}, title="T", version="1")
    async with client(await serve(app)) as http:
        yield http


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "\xff"}',
        b"\xfe\xff\x00",
        b"\x80",
        b'{"text": ' + b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"{",
        b"",
        b"NaN",
        b'"text"',
        b"null",
    ],
)
async def test_refused_with_a_pointer_into_the_body(http, body):
    answer = await http.post("/v1/notes", content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_FAILED")
    assert answer.json()["errors"][0]["pointer"].startswith("/body")


async def test_text_beyond_ascii_is_read(http):
    answer = await http.post("/v1/notes", json={"text": "«déjà vu» 🎨"})

    assert answer.json() == {"text": "«déjà vu» 🎨"}
