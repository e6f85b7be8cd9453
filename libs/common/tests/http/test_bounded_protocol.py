"""A client that sends a head without end, or without haste, is let go of."""

import asyncio

import pytest
from fastapi import APIRouter, Request

from common.http import bounded_protocol
from common.http.app import create_app

router = APIRouter()


@router.post("/v1/raw")
async def raw(request: Request) -> int:
    return len(await request.body())


@pytest.fixture
async def port(serve, settings):
    app = create_app(service="t", settings=settings, routers=[router], readiness={}, title="t", version="1")
    return int((await serve(app)).rpartition(":")[2])


async def said(port, *pieces, seconds=10.0):
    """What the server answers to bytes until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(seconds):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


LAST = b"Connection: close\r\n\r\n"


async def test_a_long_head_is_refused_whether_it_ends_or_not(port):
    begin = b"POST /v1/raw HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
    fine = await said(port, begin + b"X-A: " + b"a" * 20_000 + b"\r\n" + LAST)
    whole = await said(port, begin + b"X-A: " + b"a" * 40_000 + b"\r\n" + LAST)
    many = await said(port, begin + b"".join(b"X-%d: a\r\n" % number for number in range(6000)) + LAST)
    endless = await said(port, begin + b"X-A: ", *[b"a" * 10_000] * 1000)
    url = await said(port, b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n" + LAST)

    assert fine.startswith(b"HTTP/1.1 200")
    assert {answer[:12] for answer in (whole, many, url)} == {b"HTTP/1.1 400"}
    assert endless[:12] in (b"HTTP/1.1 400", b""), "an answer that was overtaken by the reset is none"


async def test_a_body_is_not_counted_as_head(port):
    answer = await said(
        port, b"POST /v1/raw HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n" + LAST, *[b"a" * 50_000] * 8
    )

    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"400000")


@pytest.mark.parametrize("sent", [b"", b"POST /v1/raw HT", b"POST /v1/raw HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"])
async def test_who_dawdles_is_let_go_of(port, monkeypatch, sent):
    monkeypatch.setattr(bounded_protocol, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(bounded_protocol, "HEAD_SECONDS_MAX", 0.2)
    monkeypatch.setattr(bounded_protocol, "REQUEST_SECONDS_MAX", 0.3)

    assert not (await said(port, sent)).startswith(b"HTTP/1.1 2")
